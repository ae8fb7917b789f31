# ruff: noqa: E501, S608 - SQL texts, made of constants
"""Source tables that refuse triggers, or on which triggers are of no use, get exact figures.

Extensions are stood in for: an event trigger refuses as TimescaleDB does, and a trigger function
named citus_truncate_trigger marks a table as Citus does.
"""

from __future__ import annotations

import psycopg
import pytest

from tests.support.fleet import AS_OF, MINUTE, SECOND, add_vessels, last_mode, refreshed
from tests.support.sources import COLUMNS, engine_check, exact, into, maintained
from tests.test_sql_file import psql
from vessel_activity.install import migrate

_REFUSE = """
    create function refuse() returns event_trigger language plpgsql as $$
    begin
      if exists (
        select from pg_event_trigger_ddl_commands() as d
        where d.object_identity like '% on public.{table}'
      ) then
        raise exception using errcode = '{sqlstate}', message = 'no such triggers on hypertables';
      end if;
    end $$;
    create event trigger refuse on ddl_command_end when tag in ('CREATE TRIGGER')
      execute function refuse()
"""


REFUSED = "the event trigger refuse failed in the function public.refuse(): no such triggers on hypertables"


def refuse(db: psycopg.Connection, table: str, sqlstate: str = "0A000") -> None:
    """Let CREATE TRIGGER fail on one table."""
    db.execute(_REFUSE.replace("{table}", table).replace("{sqlstate}", sqlstate).encode())


@pytest.mark.parametrize("sqlstate", ["0A000", "55000", "42809", "P0001", "XX000", "23505"])
def test_a_table_that_refuses_triggers_is_computed_by_the_definition(
    empty_url: str, capsys: pytest.CaptureFixture[str], sqlstate: str
) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(f"create table vessel_positions {COLUMNS}")
        refuse(db, "vessel_positions", sqlstate)
        into(db, "vessel_positions", 1, AS_OF - SECOND)

        migrate.migrate(empty_url)

        said = capsys.readouterr().out
        assert (
            f"triggers: left out: public.vessel_positions: {REFUSED}; "
            "refreshes compute by the definition, and `vessel-activity status` says what to do"
        ) in said.splitlines()
        assert "schedule: " in said
        assert db.execute(
            "select state from vessel_activity_status() where check_name like 'index%'"
        ).fetchall() == [("ok",), ("ok",)]
        into(db, "vessel_positions", 2)
        add_vessels(db, [("Cargo", "NO")])
        assert exact(db, "definition")[:4] == (2, 2, 2, 1)
        assert last_mode(db)[1] == (
            "a source table lacks triggers of vessel activity, which were refused: "
            f"public.vessel_positions: {REFUSED}"
        )
        state, detail, hint = engine_check(db)
        assert state == "warn"
        assert "no such triggers on hypertables" in detail
        assert hint == (
            "Accept slower refreshes, which are exact too. Or remove the cause of the refusal, "
            "then run vessel-activity migrate, which tries again."
        )


def test_scheduled_refreshes_do_not_try_again_and_migrate_does(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(f"create table vessel_positions {COLUMNS}")
        refuse(db, "vessel_positions")
        migrate.migrate(empty_url)
        db.execute("drop event trigger refuse")
        maintained(db)
        exact(db, "definition")

        migrate.migrate(empty_url)
        assert last_mode(db)[0] == "rebuild"
        into(db, "vessel_positions", 2)
        assert exact(db, "incremental", AS_OF + SECOND).active_now == 1
        assert engine_check(db)[0] == "ok"


def test_a_refused_partition_leaves_the_others_their_triggers(partitioned: str) -> None:
    with psycopg.connect(partitioned, autocommit=True) as db:
        refuse(db, "day_14")
        db.execute(
            "create table day_14 partition of vessel_positions "
            "for values from ('2050-03-14 00:00+00') to ('2050-03-15 00:00+00')"
        )
        assert db.execute("select * from vessel_activity.install_triggers()").fetchall() == [
            (f"public.day_14: {REFUSED}", False)
        ]
        into(db, "vessel_positions", 1)
        assert exact(db, "definition").active_now == 1
        db.execute("drop table day_14")
        maintained(db)
        exact(db, "rebuild")
        assert db.execute("select * from vessel_activity.refused_triggers").fetchall() == []


_CITUS = """
    create function citus_truncate_trigger() returns trigger language plpgsql as $$
    begin return null; end $$;
    create trigger truncate_trigger_1 after truncate on {table}
      for each statement execute function citus_truncate_trigger()
"""


@pytest.mark.parametrize("table", ["vessels", "vessel_positions"])
def test_a_citus_table_is_computed_by_the_definition(empty_url: str, table: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            f"""
            create table vessels (id bigserial primary key, mmsi text, name text,
              "vesselType" text, flag text, active boolean);
            create table vessel_positions {COLUMNS};
            """
        )
        db.execute(_CITUS.format(table=table).encode())
        migrate.migrate(empty_url)
        check_citus(db, table)


@pytest.mark.parametrize("table", ["vessels", "vessel_positions"])
def test_a_table_that_citus_takes_over_is_computed_by_the_definition(
    db: psycopg.Connection, url: str, table: str
) -> None:
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 8, AS_OF - 2 * MINUTE)
    db.execute(_CITUS.format(table=table).encode())
    db.execute("delete from vessel_positions")
    check_citus(db, table)
    migrate.migrate(url)
    exact(db, "definition")

    db.execute(f"drop trigger truncate_trigger_1 on {table}")
    exact(db, "definition")
    maintained(db)
    exact(db, "rebuild")
    into(db, "vessel_positions", 9)
    assert exact(db, "incremental", AS_OF + SECOND).active_now == 3


def test_both_tables_go_to_citus_and_come_back(db: psycopg.Connection) -> None:
    tables = ("vessels", "vessel_positions")
    refreshed(db, AS_OF - MINUTE)
    for number, table in enumerate(tables):
        text = _CITUS if number == 0 else _CITUS[_CITUS.index("create trigger") :]
        db.execute(text.format(table=table).encode())
    for step in range(3):
        into(db, "vessel_positions", step)
        exact(db, "definition", AS_OF + step * SECOND)
        maintained(db)
        assert db.execute("select from vessel_activity.note_triggers()").fetchall() == []

    db.execute("drop trigger truncate_trigger_1 on vessel_positions")
    maintained(db)
    exact(db, "definition", AS_OF + 3 * SECOND)
    assert "public.vessels is managed by Citus" in (last_mode(db)[1] or "")
    db.execute("drop trigger truncate_trigger_1 on vessels")
    maintained(db)
    exact(db, "rebuild", AS_OF + 4 * SECOND)
    into(db, "vessel_positions", 9)
    assert exact(db, "incremental", AS_OF + 5 * SECOND).active_now == 4


def check_citus(db: psycopg.Connection, table: str) -> None:
    """Write, refresh and maintain; vessel activity must add no trigger to the table."""
    for _ in range(2):
        add_vessels(db, [("Cargo", "NO")])
        db.execute("update vessels set flag = 'SE' where flag = 'NO'")
        into(db, "vessel_positions", 1)
        into(db, "vessel_positions", 2)
        exact(db, "definition")
        state, detail, hint = engine_check(db)
        assert state == "warn"
        assert f"public.{table} is managed by Citus, so triggers do not see all changes" in detail
        assert hint == (
            "Accept slower refreshes, which are exact too: each node counts its own shards, "
            "which it can't follow because the source tables are not in shards. Or make "
            f"the table an ordinary one: select undistribute_table('public.{table}'::regclass). "
            "See docs/scaling.md."
        )
        assert db.execute("select * from vessel_activity.install_triggers()").fetchall() == []
        maintained(db)
        assert db.execute(
            "select tgname from pg_trigger where tgrelid = %s::regclass and not tgisinternal",
            (table,),
        ).fetchall() == [("truncate_trigger_1",)]
    assert exact(db, "definition")[:4] == (2, 2, 2, 2)


def test_triggers_that_citus_has_moved_to_a_shard_stay(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    # The table becomes a shard under another name, and keeps the triggers.
    db.execute(
        """
        alter table vessels rename to vessels_102008;
        create table vessels (like vessels_102008 including all)
        """
    )
    db.execute(_CITUS.format(table="vessels").encode())
    exact(db, "definition")
    assert db.execute("select * from vessel_activity.install_triggers()").fetchall() == []
    db.execute("insert into vessels_102008 (mmsi) values ('1')")
    assert db.execute(
        "select count(*) from vessel_activity.note_triggers() where relation = 'vessels_102008'::regclass"
    ).fetchone() == (4,)
    assert "Citus" in engine_check(db)[1]


def test_inheritance_children_make_triggers_useless(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            f"""
            create table vessel_positions {COLUMNS};
            create table chunk_1 () inherits (vessel_positions)
            """
        )
        migrate.migrate(empty_url)
        into(db, "chunk_1", 1)
        assert exact(db, "definition").active_now == 1
        assert db.execute(
            "select distinct relation::regclass::text from vessel_activity.note_triggers()"
        ).fetchall() == [("vessels",)]


_ORDINARY = f"""
    create table vessels (id bigserial primary key, mmsi text, name text,
      "vesselType" text, flag text, active boolean);
    create table vessel_positions {COLUMNS};
"""


def triggers(db: psycopg.Connection) -> int:
    """Count the triggers of vessel activity in the database."""
    row = db.execute("select count(*) from vessel_activity.note_triggers()").fetchone()
    assert row is not None
    count: int = row[0]
    return count


def test_a_migrate_that_can_build_no_index_leaves_no_trigger(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            _ORDINARY
            + """;
            create function refuse() returns event_trigger language plpgsql as $$
            begin
              if current_query() ~ 'vessel_activity_vessel_timestamp_idx' then
                raise exception 'no indexes today';
              end if;
            end $$;
            create event trigger refuse on ddl_command_start when tag in ('CREATE INDEX')
              execute function refuse()
            """
        )
        with pytest.raises(psycopg.errors.RaiseException, match="no indexes today"):
            migrate.migrate(empty_url)
        assert triggers(db) == 0

        db.execute("drop event trigger refuse")
        migrate.migrate(empty_url)
        assert triggers(db) == 8


def test_an_index_that_an_extension_refuses_is_left_out(
    empty_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            _ORDINARY
            + """;
            create function refuse() returns event_trigger language plpgsql as $$
            begin
              if current_query() ~ 'concurrently' then
                raise exception using errcode = '0A000', message = 'not concurrently on hypertables';
              end if;
            end $$;
            create event trigger refuse on ddl_command_start when tag in ('CREATE INDEX')
              execute function refuse()
            """
        )
        migrate.migrate(empty_url)
        said = capsys.readouterr().out
        assert (
            "index: left out: vessel_activity_timestamp_idx: not concurrently on hypertables; "
            "create it in the way that the table needs, since computing the figures is slow "
            "without it"
        ) in said.splitlines()
        into(db, "vessel_positions", 1)
        assert exact(db, "incremental").active_now == 1


_BROKEN = (
    _ORDINARY
    + """;
    insert into vessels (mmsi, active) values ('1', true);
    create function broken(text) returns text language plpgsql as $$
      begin raise exception 'broken'; end $$;
    alter table vessels rename to all_vessels;
    create view vessels as
      select id, mmsi, name, broken("vesselType") as "vesselType", flag, active from all_vessels
    """
)


def test_a_migrate_whose_refresh_fails_leaves_no_trigger(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(_BROKEN)
        with pytest.raises(psycopg.errors.RaiseException, match="broken"):
            migrate.migrate(empty_url)
        assert triggers(db) == 0

        db.execute("delete from all_vessels")
        migrate.migrate(empty_url)
        assert triggers(db) == 4
        db.execute("insert into all_vessels (mmsi, active) values ('1', true)")
        with pytest.raises(psycopg.errors.RaiseException, match="broken"):
            migrate.migrate(empty_url)
        assert triggers(db) == 4  # those that were there before stay


def test_the_file_for_psql_leaves_no_trigger_if_its_refresh_fails(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(_BROKEN)
        said = psql(empty_url, code=3)
        assert "ERROR:  broken" in said
        assert "ERROR:  the triggers could not be put on the source tables, or the first" in said
        assert triggers(db) == 0

        db.execute("delete from all_vessels")
        assert psql(empty_url).splitlines()[-1] == "vessel activity is installed"
        assert triggers(db) == 4
