# ruff: noqa: ISC004 - a message reads best as it is printed
"""What happens if somebody drops, moves, renames or empties a table, or has DDL watched.

No writer fails, nothing is counted wrong without a word, and each message says what to do.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import PROJECT
from tests.support.catalog import snapshot
from tests.support.fleet import (
    AS_OF,
    MINUTE,
    SECOND,
    add_vessels,
    definition,
    refreshed,
    stored,
)
from tests.support.sources import exact, into, maintained, opened
from tests.test_migrate import ADOPTED, command, schemas
from tests.test_sql_file import psql
from tests.test_status import CHECKS, Check, refresh, status
from vessel_activity.database.errors import describe
from vessel_activity.install import migrate, migrations, rollback

GONE = {
    "vessels": (
        "public.vessels does not exist",
        "Restore the table. Or run vessel-activity migrate --create, which creates an empty table."
        " Until then every refresh fails, and the cached row stays as it is.",
    ),
    "vessel_positions": (
        "public.vessel_positions does not exist",
        "Restore the table. Or run vessel-activity migrate --create, which creates an empty table."
        " Until then every refresh fails, and the cached row stays as it is.",
    ),
}
MOVED = (
    "public.vessel_positions does not exist, but these tables are similar: ais.vessel_positions",
    "Rename or move the table back, or adopt another one: vessel-activity migrate --positions"
    " 'ais.vessel_positions'. Or run vessel-activity migrate --create, which creates an empty"
    " table. Until then every refresh fails, and the cached row stays as it is.",
)
AUDIT = """
    create table audit_log (tag text);
    create function audit() returns event_trigger language plpgsql as
      $$ begin insert into audit_log values (tg_tag); end $$;
    create event trigger audit_ddl on ddl_command_end execute function audit();
"""


# --- a source table is dropped or moved -----------------------------------------------------------


@pytest.mark.parametrize("table", ["vessels", "vessel_positions"])
def test_without_a_source_table_the_status_prints_its_checks_all_the_same(
    db: psycopg.Connection, url: str, table: str
) -> None:
    refresh(db)
    db.execute(f"drop table {table}")

    checks = status(db)
    assert list(checks) == CHECKS
    assert checks["source tables"] == Check("fail", *GONE[table])
    assert checks["engine"].state == "warn"
    assert checks["engine"].hint == "See the check source tables."
    assert [name for name in CHECKS if "ended with an error" in checks[name].detail] == []
    assert checks["freshness"].state == "ok"
    output, _ = command(url, "status").communicate(timeout=60)
    assert len(re.findall(r"^(?:ok|warn|fail) ", output, re.MULTILINE)) == len(CHECKS)


@pytest.mark.parametrize("table", ["vessels", "vessel_positions"])
def test_a_refresh_without_a_source_table_names_it_and_writers_of_the_other_go_on(
    db: psycopg.Connection, url: str, table: str
) -> None:
    refresh(db)
    db.execute(f"drop table {table}")
    if table == "vessels":
        into(db, "vessel_positions", 1, datetime.now(UTC))
    else:
        add_vessels(db, [("Cargo", "NO")])

    with pytest.raises(psycopg.errors.UndefinedTable) as raised:
        refresh(db)
    assert (raised.value.diag.message_primary, raised.value.diag.message_hint) == GONE[table]
    db.execute("select vessel_activity.maintain()")
    output, _ = command(url, "refresh").communicate(timeout=60)
    assert output == f"error: {GONE[table][0]}\n  hint: {GONE[table][1]}\n"

    migrate.migrate(url, create=True)
    figures = stored(db)
    assert (figures.active_now, figures.total_vessels) == ((1, 0) if table == "vessels" else (0, 1))


def test_a_source_table_in_another_schema_is_named_and_counted_once_it_is_back(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 1)
    exact(db, "incremental", AS_OF - SECOND)
    db.execute("create schema ais; alter table vessel_positions set schema ais")
    into(db, "ais.vessel_positions", 2)

    assert status(db)["source tables"] == Check("fail", *MOVED)
    with pytest.raises(psycopg.errors.UndefinedTable) as raised:
        refreshed(db, AS_OF)
    assert (raised.value.diag.message_primary, raised.value.diag.message_hint) == MOVED
    into(db, "ais.vessel_positions", 3)

    db.execute("alter table ais.vessel_positions set schema public")
    assert exact(db, "rebuild").active_now == 3
    into(db, "vessel_positions", 4)
    assert exact(db, "incremental").active_now == 4


def test_a_moved_source_table_loses_its_triggers_and_gets_them_back(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("create schema ais; alter table vessels set schema ais")
    maintained(db)
    assert db.execute(
        "select count(*) from pg_trigger"
        " where tgrelid = 'ais.vessels'::regclass and not tgisinternal"
    ).fetchone() == (0,)
    db.execute("insert into ais.vessels (mmsi) values ('1')")

    db.execute("alter table ais.vessels set schema public")
    assert exact(db, "definition").total_vessels == 1
    maintained(db)
    assert exact(db, "rebuild").total_vessels == 1


# --- a table of vessel activity is emptied or dropped ---------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        "inbox",
        "fleet_inbox",
        "last_report",
        "last_report_count",
        "position_second",
        "upcoming",
        "fleet_count",
        "state",
    ],
)
def test_a_truncated_table_of_vessel_activity_is_built_again_by_the_next_refresh(
    db: psycopg.Connection, table: str
) -> None:
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 1)
    into(db, "vessel_positions", 2, AS_OF + 10 * MINUTE)
    add_vessels(db, [("Cargo", "NO")])
    if table not in {"inbox", "fleet_inbox"}:
        exact(db, "incremental", AS_OF - SECOND)
    db.execute(f"truncate vessel_activity.{table}")
    into(db, "vessel_positions", 3)

    figures = exact(db, "rebuild")
    assert (figures.active_now, figures.total_vessels, figures.vessel_types) == (
        2,
        1,
        [("Cargo", 1)],
    )
    into(db, "vessel_positions", 4)
    assert exact(db, "incremental").active_now == 3
    assert exact(db, "incremental", AS_OF + 11 * MINUTE).active_last_hour == 4


VIEWS = ("vessel_activity.refresh_lock", "vessel_activity.inbox_parts")
# The view inbox_parts goes with each of these.
PARTS = [
    f"vessel_activity.{name}"
    for name in ("settings", "inbox", "fleet_inbox", "inbox_tickets", "inbox_guard", "state")
]
# Tables with a foreign key to the table.
DEPENDENT = {
    "vessel_activity.load": ["vessel_activity.load_rejection", "vessel_activity.rejected_row"],
    "public.vessel_activity_area": [
        f"vessel_activity.{name}" for name in ("area_figures", "area_history")
    ],
    "vessel_activity.alert": ["vessel_activity.alert_event"],
}


def created() -> list[str]:
    """Name the tables, sequences and views of vessel activity, as the migrations create them."""
    return [name for file in migrations.files()[1:] for name in migrations.objects(file)]


def test_the_status_knows_every_table_of_the_migrations() -> None:
    text = (PROJECT / "sql/functions/operating/check_installation.sql").read_text(encoding="utf-8")
    assert re.findall(r"'((?:public|vessel_activity)\.\w+)'", text) == created()
    assert len(created()) > 20


# The SQL file repeats a migration as a whole, so one migration is enough for it.
@pytest.mark.parametrize(
    ("name", "sql_file"),
    [(name, False) for name in created()] + [(name, True) for name in created() if "inbox" in name],
)
def test_migrate_mends_a_dropped_table_or_sequence(
    db: psycopg.Connection, url: str, name: str, *, sql_file: bool
) -> None:
    fresh = snapshot(url)
    kind = (
        "sequence"
        if re.search("tickets|guard|reopenings|promise|refresher|announced|_ids$", name)
        else "table"
    )
    kind = "view" if name in VIEWS else kind
    # Tables with a foreign key to it go as well: only a new table gets its foreign key again.
    gone = [VIEWS[1]] if name in PARTS else []
    others = DEPENDENT.get(name, [])
    gone += others
    db.execute(f"drop {kind} {', '.join([name, *others])} cascade")
    lost = {row[1] for row in fresh} - {row[1] for row in snapshot(url)}
    assert name.removeprefix("public.") in lost or name in lost

    if name != "public.vessel_activity_realtime":  # its functions are gone too
        check = status(db)["installation"]
        assert check == Check(
            "fail",
            f"missing: {', '.join(one for one in created() if one in {name, *gone})}",
            "Run vessel-activity migrate, which creates the missing objects again.",
        )
    if sql_file:
        psql(url)
    else:
        migrate.migrate(url)
    assert snapshot(url) == fresh
    assert status(db)["installation"] == Check(
        "ok", "all tables, sequences and views of vessel activity exist", None
    )
    refreshed(db, AS_OF)
    into(db, "vessel_positions", 1)
    add_vessels(db, [("Cargo", "NO")])
    figures = exact(db, "incremental")
    assert (figures.active_now, figures.total_vessels) == (1, 1)


@pytest.mark.parametrize("name", [*PARTS, *VIEWS, "vessel_activity.last_report"])
def test_no_writer_fails_without_a_table_sequence_or_view(
    db: psycopg.Connection, url: str, name: str
) -> None:
    refreshed(db, AS_OF - MINUTE)
    kind = "sequence" if re.search("tickets|guard", name) else "table"
    kind = "view" if name in VIEWS else kind
    if name in PARTS:
        with pytest.raises(psycopg.errors.DependentObjectsStillExist):
            db.execute(f"drop {kind} {name}")
    db.execute(f"drop {kind} {name} cascade")
    # More rows than there are tickets until the limit of the inbox is checked.
    db.execute(
        'insert into vessel_positions ("vesselId", timestamp) select 1, %s'
        " from generate_series(1, 10000)",
        (AS_OF,),
    )
    into(db, "vessel_positions", 2)
    db.execute('update vessel_positions set speed = 20 where "vesselId" = 2')
    add_vessels(db, [("Cargo", "NO")])
    db.execute("update vessels set flag = 'SE'")
    db.execute('delete from vessel_positions where "vesselId" = 1')
    with psycopg.connect(url) as writer:
        into(writer, "vessel_positions", 3)
        migrate.migrate(url)
        refreshed(db, AS_OF - SECOND)
        writer.commit()
    figures = refreshed(db, AS_OF)
    assert figures == definition(db, AS_OF)
    assert (figures.active_now, figures.total_vessels) == (2, 1)
    into(db, "vessel_positions", 4)
    assert exact(db, "incremental", AS_OF + SECOND).active_now == 3


def test_migrate_restores_the_settings_and_a_dropped_schema(
    db: psycopg.Connection, url: str
) -> None:
    fresh = snapshot(url)
    db.execute("delete from vessel_activity.settings")
    checks = status(db)
    assert checks["installation"].detail == "vessel_activity.settings holds no row"
    assert checks["freshness"].state == "fail"
    assert checks["freshness"].detail.startswith("this check ended with an error: ")
    migrate.migrate(url)
    assert status(db)["installation"].state == "ok"

    db.execute("drop schema vessel_activity cascade")
    assert status(db) == {
        "installation": Check(
            "fail",
            "the schema vessel_activity was dropped",
            "Run vessel-activity migrate, which installs it again. The history and the settings are"
            " lost.",
        )
    }
    into(db, "vessel_positions", 1)
    migrate.migrate(url)
    assert snapshot(url) == fresh


# --- the schema is renamed ------------------------------------------------------------------------


def test_a_renamed_schema_stops_no_writer_and_is_named(db: psycopg.Connection, url: str) -> None:
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 1)
    db.execute("alter schema vessel_activity rename to old_va")

    into(db, "vessel_positions", 2)
    db.execute('update vessel_positions set speed = 20 where "vesselId" = 1')
    db.execute('delete from vessel_positions where "vesselId" = 2')
    add_vessels(db, [("Cargo", "NO"), ("Tanker", "DK")])
    db.execute("update vessels set flag = 'SE' where flag = 'NO'")
    db.execute("delete from vessels where flag = 'DK'")
    before = snapshot(url)

    said = "the schema vessel_activity was renamed to old_va"
    assert status(db) == {
        "installation": Check(
            "fail",
            said,
            "Run alter schema old_va rename to vessel_activity. Until then no refresh can run, and"
            " changes of the source tables are not noted.",
        )
    }
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        migrate.migrate(url)
    assert describe(raised.value) == (
        f"{said}\n  hint: Run alter schema old_va rename to vessel_activity. Then migrate again."
        " Nothing was changed."
    )
    assert said in psql(url, code=3)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        rollback.rollback(url)
    assert describe(raised.value) == (
        f"{said}\n  hint: Run alter schema old_va rename to vessel_activity. Then run the rollback"
        " again. Nothing was removed."
    )
    assert said in psql(url, "--rollback", code=3)
    for what in ("refresh", "status"):
        output, _ = command(url, what).communicate(timeout=60)
        assert "the schema vessel_activity was renamed; run alter schema old_va rename to" in output
    assert snapshot(url) == before

    db.execute("alter schema old_va rename to vessel_activity")
    figures = exact(db, "rebuild")
    assert (figures.active_now, figures.total_vessels, figures.speed_avg) == (1, 1, Decimal(20))
    into(db, "vessel_positions", 3)
    assert exact(db, "incremental").active_now == 2


def test_partitions_stop_no_writer_either(partitioned: str) -> None:
    with opened(partitioned) as db:
        db.execute("alter schema vessel_activity rename to old_va")
        into(db, "vessel_positions", 1)
        into(db, "afternoon", 2)
        db.execute("update vessel_positions set speed = 20")
        db.execute("delete from afternoon where speed = 30")
        db.execute("alter schema old_va rename to vessel_activity")
        assert exact(db, "rebuild").active_now == 2


def test_a_writer_in_flight_when_the_schema_gets_its_name_back_is_counted(
    db: psycopg.Connection, url: str
) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("alter schema vessel_activity rename to old_va")
    with psycopg.connect(url) as writer:
        into(writer, "vessel_positions", 1)
        db.execute("alter schema old_va rename to vessel_activity")
        assert exact(db, "definition", AS_OF - SECOND).active_now == 0
        writer.commit()
    assert exact(db, "rebuild").active_now == 1
    into(db, "vessel_positions", 2)
    assert exact(db, "incremental").active_now == 2


def test_a_writer_in_flight_when_the_inbox_is_made_again_is_counted(
    db: psycopg.Connection, url: str
) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("drop table vessel_activity.inbox cascade")
    with psycopg.connect(url) as writer:
        into(writer, "vessel_positions", 1)
        writer.execute("prepare transaction 'skipper'")
    migrate.migrate(url)
    assert exact(db, "definition", AS_OF - SECOND).active_now == 0
    db.execute("commit prepared 'skipper'")
    assert exact(db, "rebuild").active_now == 1


# --- event triggers and settings of the database --------------------------------------------------


def test_an_audit_of_ddl_sees_a_migrate_and_stops_nothing(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(AUDIT)
        migrate.migrate(empty_url)
        assert db.execute(
            "select count(*) from audit_log where tag = 'CREATE TRIGGER'"
        ).fetchone() == (8,)
        into(db, "vessel_positions", 1)
        assert refreshed(db, AS_OF).active_now == 1
        db.execute("update vessel_activity.settings set inbox_limit_bytes = 16384")
        before = db.execute("select count(*) from audit_log where tag = 'ALTER TABLE'").fetchone()
        for vessel in range(2000):
            into(db, "vessel_positions", vessel)
        db.execute("select vessel_activity.maintain()")
        after = db.execute("select count(*) from audit_log where tag = 'ALTER TABLE'").fetchone()
        assert before != after
        db.execute(f"create role reader_{db.info.dbname}")
        db.execute(
            "select public.vessel_activity_grant(%s, 'operator')", (f"reader_{db.info.dbname}",)
        )
        psql(empty_url)
        psql(empty_url, "--rollback")
        assert schemas(empty_url) == ["public"]
        db.execute(f"drop owned by reader_{db.info.dbname}; drop role reader_{db.info.dbname}")


def test_an_event_trigger_that_fails_stops_no_refresh_and_no_maintenance(
    db: psycopg.Connection,
) -> None:
    db.execute("create schema audits")
    db.execute(AUDIT.replace("table audit_log", "table audits.audit_log"))
    refreshed(db, AS_OF - MINUTE)
    db.execute("update vessel_activity.settings set inbox_limit_bytes = 16384")
    for vessel in range(2000):
        into(db, "vessel_positions", vessel)
    assert refreshed(db).active_now == 2000
    db.execute("alter event trigger audit_ddl disable")
    db.execute("drop trigger vessel_activity_inserted on vessel_positions")
    db.execute("alter event trigger audit_ddl enable")
    maintained(db)
    exact(db, "definition")
    problems = db.execute("select * from vessel_activity.install_triggers()").fetchall()
    assert problems == [
        (
            "public.vessel_positions: the event trigger audit_ddl failed in the function"
            ' public.audit(): relation "audit_log" does not exist',
            False,
        )
    ]
    db.execute("alter function audit() set search_path = audits")
    maintained(db)
    assert db.execute("select * from vessel_activity.install_triggers()").fetchall() == []


def test_migrate_names_the_event_trigger_that_stops_it(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute("create schema audits")
        db.execute(AUDIT.replace("table audit_log", "table audits.audit_log"))
    output, _ = command(empty_url).communicate(timeout=60)
    assert output == (
        'error: relation "audit_log" does not exist\n'
        "  hint: the event trigger audit_ddl ran the function audit(), which failed; run alter"
        " event trigger audit_ddl disable meanwhile, or correct the function: a name in it may lack"
        " its schema\n"
    )
    assert schemas(empty_url) == ["public", "audits"]
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute("alter function audit() set search_path = audits")
    migrate.migrate(empty_url)


def test_a_rollback_names_the_event_trigger_that_stops_it(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(AUDIT.replace("on ddl_command_end", "on ddl_command_start"))
        before = snapshot(url)
        output, _ = command(url, "rollback").communicate(timeout=60)
        assert output == (
            "error: DROP INDEX CONCURRENTLY must be first action in transaction\n"
            "  hint: the event trigger audit_ddl writes to the database before each command, but"
            " DROP INDEX CONCURRENTLY must be the first to do so; run alter event trigger audit_ddl"
            " disable meanwhile\n"
        )
        assert snapshot(url) == before
        db.execute("alter event trigger audit_ddl disable")
    rollback.rollback(url)


def test_a_grant_names_the_event_trigger_that_stops_it(db: psycopg.Connection) -> None:
    db.execute(
        "create function no() returns event_trigger language plpgsql as"
        " $$ begin raise exception 'no DDL today'; end $$;"
        "create event trigger nope on ddl_command_end execute function no()"
    )
    with pytest.raises(psycopg.errors.TriggeredActionException) as raised:
        db.execute("select public.vessel_activity_grant('pg_monitor', 'reader')")
    assert describe(raised.value) == (
        "the event trigger nope failed in the function public.no(): no DDL today\n"
        "  detail: The command was: grant usage on schema vessel_activity to pg_monitor\n"
        "  hint: Run alter event trigger nope disable meanwhile, or correct the function: a name in"
        " it may lack its schema."
    )


@pytest.mark.parametrize("adopted", ["", ADOPTED])
def test_quoted_identifiers_change_nothing(empty_url: str, url: str, adopted: str) -> None:
    database = urlsplit(empty_url).path[1:]
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(f"alter database {database} set quote_all_identifiers = on")
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(adopted.encode())
        migrate.migrate(empty_url)
        migrate.migrate(empty_url)
        assert db.execute(
            "select count(*) from vessel_activity.routines() where is_public"
        ).fetchone() == (20,)
        if not adopted:
            db.execute(f"alter database {database} reset quote_all_identifiers")
            assert snapshot(empty_url) == snapshot(url)
            db.execute(f"alter database {database} set quote_all_identifiers = on")
        db.execute(f"create role reader_{database}")
        db.execute("select public.vessel_activity_grant(%s, 'operator')", (f"reader_{database}",))
        assert {check.state for check in status(db).values()} == {"ok", "warn"}
        db.execute(f"drop owned by reader_{database}; drop role reader_{database}")
        rollback.rollback(empty_url)
        psql(empty_url)
        psql(empty_url, "--rollback")
    assert schemas(empty_url) == ["public"]


# --- a check that fails ---------------------------------------------------------------------------


def test_a_check_that_ends_with_an_error_is_a_row_of_its_own(db: psycopg.Connection) -> None:
    db.execute("alter table vessel_activity.refresh_log rename sqlstate to code")
    checks = status(db)
    assert set(CHECKS) == set(checks)
    assert checks["refresher"] == Check(
        "fail",
        "this check ended with an error: column l.sqlstate does not exist (SQLSTATE 42703)",
        "See the checks installation and source tables. Correct the cause of this error.",
    )
    assert checks["inbox"].state == "ok"


def test_a_source_table_that_is_locked_hides_no_other_check(
    db: psycopg.Connection, url: str
) -> None:
    refresh(db)
    with psycopg.connect(url) as other:
        other.execute("lock table vessel_positions in access exclusive mode")
        db.execute("alter function vessel_activity.status() set lock_timeout = '100ms'")
        checks = status(db)
        other.rollback()
    assert set(CHECKS) == set(checks)
    assert checks["future positions"].detail == (
        "this check ended with an error: canceling statement due to lock timeout (SQLSTATE 55P03)"
    )
    assert checks["freshness"].state == "ok"
