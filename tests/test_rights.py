"""Each purpose has exactly its rights, and the functions that give them can't be misled."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT
from tests.support.feed_batches import Feed, Report
from tests.support.fleet import add_positions, definition, stored
from tests.support.roles import new_role, owned_by_another, role
from tests.support.webserver import STATS, WebServer, eventually
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# --- what each purpose may do ---------------------------------------------------------------------

_USE = {"usage on schema vessel_activity"}
_READER = {
    "select on public.vessel_activity_area",
    "select on public.vessel_activity_realtime",
    "select on public.vessel_activity_performance",
    "execute public.vessel_activity_history(text,timestamp with time zone)",
    "execute public.vessel_activity_history_csv(text,timestamp with time zone)",
    "execute public.vessel_activity_history_json(text,timestamp with time zone)",
    "execute public.vessel_activity_json(vessel_activity_realtime)",
    "execute vessel_activity.feed_now(timestamp with time zone,boolean)",
    "execute vessel_activity.figures_json(vessel_activity_realtime)",
    "execute vessel_activity.history_csv(text,timestamp with time zone)",
    "execute vessel_activity.history_json(text,timestamp with time zone)",
    "execute vessel_activity.area_history_json(text,text,timestamp with time zone)",
    "execute vessel_activity.areas_json()",
    "execute vessel_activity.grid_json(numeric,double precision[],text)",
    "execute vessel_activity.measures()",
    "execute vessel_activity.serving()",
    "execute vessel_activity.serving_activity(timestamp with time zone,bigint)",
    "execute vessel_activity.types_json(text,timestamp with time zone)",
    (
        "execute vessel_activity.vessels_json"
        "(text,text,text,text,double precision[],text,text,text,text[],integer)"
    ),
}
_SERVER = _READER | {
    "execute vessel_activity.announce()",
    "execute vessel_activity.claim_alert()",
    "execute vessel_activity.log_failure(text,timestamp with time zone,text,text)",
    "execute vessel_activity.maintain()",
    "execute vessel_activity.refresh_if_due(text)",
    "execute vessel_activity.settle_alert(bigint,text,integer,text,double precision)",
    "execute vessel_activity.tend_alerts()",
    "execute vessel_activity.tend_refresh_lock(text)",
}
_LOADS = {
    "select on vessel_activity.load",
    "select on vessel_activity.load_rejection",
    "select on vessel_activity.rejected_row",
}
_OPERATOR = (
    _SERVER
    | _LOADS
    | {
        "select on vessel_activity.alert",
        "select on vessel_activity.alert_event",
        "select on vessel_activity.feed",
        "select on vessel_activity.feeder",
        "select on vessel_activity.member",
        "select on vessel_activity.member_state",
        "select on vessel_activity.refresh_log",
        "select on vessel_activity.rejected_message",
        "select on vessel_activity.settings",
        "select on vessel_activity.watch",
        "select on vessel_activity.watching",
        "update (alert_clear_after) on vessel_activity.settings",
        "update (alert_retention) on vessel_activity.settings",
        "update (allow_missing_members) on vessel_activity.settings",
        "update (area_limit) on vessel_activity.settings",
        "update (below_usual_by) on vessel_activity.settings",
        "update (below_usual_for) on vessel_activity.settings",
        "update (detail_interval) on vessel_activity.settings",
        "update (feed_late_after) on vessel_activity.settings",
        "update (history_retention) on vessel_activity.settings",
        "update (hour_retention) on vessel_activity.settings",
        "update (inbox_limit_bytes) on vessel_activity.settings",
        "update (log_retention) on vessel_activity.settings",
        "update (member_timeout) on vessel_activity.settings",
        "update (rejected_retention) on vessel_activity.settings",
        "update (slow_after) on vessel_activity.settings",
        "update (state_limit_bytes) on vessel_activity.settings",
        "update (verify_interval) on vessel_activity.settings",
        "execute public.refresh_vessel_activity()",
        "execute public.vessel_activity_area_put(text,jsonb)",
        "execute public.vessel_activity_area_remove(text)",
        "execute public.vessel_activity_at(timestamp with time zone)",
        (
            "execute public.vessel_activity_backfill_history"
            "(timestamp with time zone,timestamp with time zone,interval)"
        ),
        "execute public.vessel_activity_feed_at(timestamp with time zone)",
        "execute public.vessel_activity_rebuild()",
        "execute public.vessel_activity_schedule(interval)",
        "execute public.vessel_activity_status()",
        "execute public.vessel_activity_unwatch(text)",
        "execute public.vessel_activity_verify()",
        "execute public.vessel_activity_watch(text,text,text,numeric,interval,text)",
        "execute vessel_activity.refresh_now()",
        "execute vessel_activity.status()",
    }
)
_FEEDER = _LOADS | {
    "execute vessel_activity.feed_batch(uuid,bigint,text,jsonb,jsonb)",
    "execute vessel_activity.feed_start(uuid,text,integer,text)",
    "execute vessel_activity.load_batch(bigint,text,bigint,bigint)",
    "execute vessel_activity.load_end(bigint,text,text)",
    "execute vessel_activity.load_start(text,boolean)",
    "execute vessel_activity.load_unknown_characters(bytea[])",
}
_COMBINER = {
    "execute vessel_activity.member_area_put(text,text,json,json)",
    "execute vessel_activity.member_areas_at(json,timestamp with time zone)",
    "execute vessel_activity.member_cells(numeric,double precision[],text)",
    "execute vessel_activity.member_definition(timestamp with time zone,boolean)",
    "execute vessel_activity.member_maintain()",
    "execute vessel_activity.member_part(timestamp with time zone,boolean,boolean,json,boolean)",
    (
        "execute vessel_activity.member_vessels"
        "(json,text,text,text,text,double precision[],text,text,text[],integer)"
    ),
}
RIGHTS: dict[str, set[str]] = {
    "reader": _USE | _READER,
    "server": _USE | _SERVER,
    "operator": _USE | _OPERATOR,
    "feeder": _USE | _FEEDER,
    "combiner": _USE | _COMBINER,
}

# Every right of a role on every object of the database that is not of PostgreSQL itself, from
# whatever source: its own grants, those of PUBLIC, and those of roles that it is a member of.
_ALL_RIGHTS = """
    with space as (
      select n.oid, n.nspname from pg_namespace as n
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    ),
    relation as (
      select c.oid, format('%%I.%%I', s.nspname, c.relname) as name, c.relkind
      from pg_class as c join space as s on s.oid = c.relnamespace
    )
    select lower(p.kind) || ' on schema ' || s.nspname
    from space as s, (values ('CREATE'), ('USAGE')) as p (kind)
    where has_schema_privilege(%(role)s, s.oid, p.kind)
    union all
    select 'execute ' || format('%%I.', s.nspname)
      || regexp_replace(f.oid::regprocedure::text, '^([a-z_]+\\.)?(?=[a-z_]+\\()', '')
    from pg_proc as f join space as s on s.oid = f.pronamespace
    where has_function_privilege(%(role)s, f.oid, 'EXECUTE')
    union all
    select lower(p.kind) || ' on ' || r.name
    from relation as r, unnest(%(table_rights)s::text[]) as p (kind)
    where r.relkind in ('r', 'p', 'v', 'm', 'f') and has_table_privilege(%(role)s, r.oid, p.kind)
    union all
    select lower(p.kind) || ' on sequence ' || r.name
    from relation as r, (values ('USAGE'), ('SELECT'), ('UPDATE')) as p (kind)
    where r.relkind = 'S' and has_sequence_privilege(%(role)s, r.oid, p.kind)
    union all
    select format('%%s (%%I) on %%s', lower(p.kind), a.attname, r.name)
    from relation as r
    join pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    cross join (values ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) as p (kind)
    where r.relkind in ('r', 'p', 'v', 'm', 'f')
      and has_column_privilege(%(role)s, r.oid, a.attnum, p.kind)
      and not has_table_privilege(%(role)s, r.oid, p.kind)
"""
_TABLE_RIGHTS = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]


def rights(db: psycopg.Connection, name: str) -> set[str]:
    """Return all rights of a role on the objects of the users of this database."""
    with_maintain = [*_TABLE_RIGHTS, "MAINTAIN"]
    kinds = with_maintain if db.info.server_version >= 170_000 else _TABLE_RIGHTS
    found = db.execute(_ALL_RIGHTS, {"role": name, "table_rights": kinds}).fetchall()
    # All may use schema public, which is not ours.
    return {text for (text,) in found} - {"usage on schema public"}


def expected(*purposes: str) -> set[str]:
    return set().union(*(RIGHTS[purpose] for purpose in purposes))


@pytest.fixture
def plain(db: psycopg.Connection, url: str) -> Iterator[str]:
    """Give the name of a role that may log in and has no purpose yet."""
    with new_role(db, url) as its_url:
        yield str(urlsplit(its_url).username)


def grant(db: psycopg.Connection, name: str, purpose: str) -> None:
    db.execute("select public.vessel_activity_grant(%s, %s)", (name, purpose))


def revoke(db: psycopg.Connection, name: str, purpose: str | None = None) -> None:
    db.execute("select public.vessel_activity_revoke(%s, %s)", (name, purpose))


def test_each_purpose_has_exactly_these_rights(db: psycopg.Connection, plain: str) -> None:
    assert rights(db, plain) == set()
    for purpose in RIGHTS:
        grant(db, plain, purpose)
        assert rights(db, plain) == expected(purpose)
        revoke(db, plain, purpose)
        assert rights(db, plain) == set()


def test_of_reader_server_and_operator_the_last_one_counts(
    db: psycopg.Connection, plain: str
) -> None:
    for first, second in itertools.permutations(("reader", "server", "operator"), 2):
        grant(db, plain, first)
        grant(db, plain, second)
        assert rights(db, plain) == expected(second), (first, second)


def test_a_feeder_may_have_another_purpose_besides(db: psycopg.Connection, plain: str) -> None:
    grant(db, plain, "operator")
    grant(db, plain, "feeder")
    assert rights(db, plain) == expected("operator", "feeder")
    grant(db, plain, "server")
    assert rights(db, plain) == expected("server", "feeder")
    revoke(db, plain, "server")
    assert rights(db, plain) == expected("feeder")
    grant(db, plain, "reader")
    revoke(db, plain, "feeder")
    assert rights(db, plain) == expected("reader")
    grant(db, plain, "feeder")
    revoke(db, plain)
    assert rights(db, plain) == set()


def test_what_was_given_by_hand_is_taken_back_too(db: psycopg.Connection, plain: str) -> None:
    db.execute(
        f"""
        grant all on all tables in schema vessel_activity to {plain};
        grant all on all sequences in schema vessel_activity to {plain};
        grant all on schema vessel_activity to {plain} with grant option;
        grant all on all functions in schema vessel_activity, public to {plain} with grant option;
        grant update (active_now) on public.vessel_activity_realtime to {plain};
        grant select on public.vessels to {plain};
        """
    )
    grant(db, plain, "reader")
    # It had all functions of a feeder and of a combiner, so it is both. CREATE in our schema is a
    # right that must go. Rights on the source tables are not ours.
    both = expected("feeder", "combiner")
    assert rights(db, plain) == expected("reader") | both | {"select on public.vessels"}
    revoke(db, plain)
    assert rights(db, plain) == {"select on public.vessels"}


def test_a_part_of_a_purpose_is_not_taken_back_alone(db: psycopg.Connection, plain: str) -> None:
    grant(db, plain, "operator")
    with pytest.raises(psycopg.errors.InvalidGrantOperation, match="includes server") as refused:
        revoke(db, plain, "server")
    assert f"vessel_activity_revoke('{plain}', 'operator')" in (
        refused.value.diag.message_hint or ""
    )
    assert rights(db, plain) == expected("operator")
    revoke(db, plain, "feeder")  # which it does not have
    assert rights(db, plain) == expected("operator")


def test_a_member_of_two_roles_has_the_rights_of_both(
    db: psycopg.Connection, url: str, plain: str
) -> None:
    with (
        new_role(db, url, "server") as one,
        new_role(db, url, "feeder") as other,
    ):
        db.execute(f"grant {urlsplit(one).username}, {urlsplit(other).username} to {plain}")
        assert rights(db, plain) == expected("server", "feeder")
        grant(db, plain, "reader")
        revoke(db, plain)  # takes only what the role has itself
        assert rights(db, plain) == expected("server", "feeder")
        assert (
            db.execute(
                "select * from vessel_activity.granted() where role = %s", (plain,)
            ).fetchall()
            == [("server", "server")][:0]
        )


def test_a_role_that_is_dropped_leaves_nothing(db: psycopg.Connection, url: str) -> None:
    with new_role(db, url, "operator", "feeder"):
        assert [p for _, p in db.execute("select * from vessel_activity.granted()")] == [
            "feeder",
            "operator",
        ]
    assert db.execute("select * from vessel_activity.granted()").fetchall() == []


def test_the_owner_public_and_unknown_names_are_refused(db: psycopg.Connection) -> None:
    for call in ("grant", "revoke"):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="'owner'") as unknown:
            db.execute(f"select public.vessel_activity_{call}('postgres', 'owner')")
        assert (
            unknown.value.diag.message_hint == "Use reader, server, operator, feeder or combiner."
        )
        with pytest.raises(psycopg.errors.UndefinedObject, match="'no_such_role'"):
            db.execute(f"select public.vessel_activity_{call}('no_such_role', 'reader')")
        for public in ("public", "PUBLIC"):
            with pytest.raises(psycopg.errors.UndefinedObject, match="does not exist") as refused:
                db.execute(f"select public.vessel_activity_{call}('{public}', 'reader')")
            assert "no rights to everybody" in (refused.value.diag.message_hint or "")
        with pytest.raises(psycopg.errors.InvalidGrantOperation, match="postgres owns"):
            db.execute(f"select public.vessel_activity_{call}('postgres', 'reader')")
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        db.execute("select public.vessel_activity_grant('postgres', null)")
    db.execute("select public.refresh_vessel_activity()")  # the owner has kept its rights


def test_another_superuser_may_be_granted_and_give_grants(db: psycopg.Connection, url: str) -> None:
    with new_role(db, url, name="admin") as its_url, new_role(db, url, name="other") as other:
        db.execute(f"alter role {urlsplit(its_url).username} superuser")
        with psycopg.connect(its_url, autocommit=True) as admin:
            grant(admin, str(urlsplit(other).username), "server")
            grant(admin, str(urlsplit(its_url).username), "reader")
        assert rights(db, str(urlsplit(other).username)) == expected("server")
        revoke(db, str(urlsplit(other).username))
        assert rights(db, str(urlsplit(other).username)) == set()


def test_a_role_with_an_odd_name_gets_its_rights(db: psycopg.Connection, url: str) -> None:
    name = f'Odd "Role"; drop table x -- {urlsplit(url).path[6:]}'
    quoted = '"' + name.replace('"', '""') + '"'
    db.execute(f"create role {quoted}")
    try:
        grant(db, name, "operator")
        assert rights(db, name) == expected("operator")
        assert db.execute("select * from vessel_activity.granted()").fetchall() == [
            (name, "operator")
        ]
        revoke(db, name)
        assert rights(db, name) == set()
    finally:
        db.execute(f"drop owned by {quoted}")
        db.execute(f"drop role {quoted}")


# --- each purpose can do what it is for, and nothing else -----------------------------------------

_SPOOL = "00000000-0000-0000-0000-000000000001"
_CAN: dict[str, list[str]] = {
    "reader": [
        "select * from public.vessel_activity_realtime",
        "select * from public.vessel_activity_performance",
        "select public.vessel_activity_json(r) from public.vessel_activity_realtime as r",
        "select * from public.vessel_activity_history(text '1h')",
        "select public.vessel_activity_history_json(text '24h')",
        "select public.vessel_activity_history_csv(text '7d')",
        "select * from vessel_activity.serving()",
        "select * from vessel_activity.feed_now()",
        "select vessel_activity.history_json('30d')",
        "select vessel_activity.history_csv('30d')",
    ],
    "server": [
        "select * from vessel_activity.refresh_if_due('fallback')",
        "select vessel_activity.maintain()",
        "select vessel_activity.log_failure('fallback', pg_catalog.now(), '57014', 'stopped')",
    ],
    "operator": [
        "select public.refresh_vessel_activity()",
        "select public.vessel_activity_at(pg_catalog.now())",
        "select public.vessel_activity_feed_at(pg_catalog.now())",
        "select * from public.vessel_activity_verify()",
        "select public.vessel_activity_schedule(interval '30 seconds')",
        "select public.vessel_activity_rebuild()",
        (
            "select public.vessel_activity_backfill_history("
            "pg_catalog.now() - interval '1 hour', pg_catalog.now())"
        ),
        "select * from public.vessel_activity_status()",
        "select * from vessel_activity.refresh_log",
        "select * from vessel_activity.rejected_row",
        "select * from vessel_activity.rejected_message",
        "select * from vessel_activity.feed",
        "update vessel_activity.settings set slow_after = interval '20 seconds'",
    ],
    "feeder": [
        "select vessel_activity.load_end(vessel_activity.load_start('a.csv'), 'finished')",
        "select vessel_activity.load_unknown_characters('{}')",
        f"select vessel_activity.feed_start('{_SPOOL}', 'host', 1, '1')",
        f"select vessel_activity.feed_batch('{_SPOOL}', 0, '', '[]', null)",
        "select * from vessel_activity.rejected_row",
    ],
    "combiner": [
        "select vessel_activity.member_area_put('a', 'b', '[]', '[]')",
        """select vessel_activity.member_areas_at('{"combiner": "a", "key": "b"}', now())""",
        "select vessel_activity.member_part(pg_catalog.now(), true, true, null, true)",
        (
            "select vessel_activity.member_vessels"
            "(null, null, null, 'now', 'any', null, 'name', 'asc', null, 9)"
        ),
        "select vessel_activity.member_definition(pg_catalog.now())",
        "select vessel_activity.member_cells(1, null, 'now')",
    ],
}
_NOBODY_ELSE = [
    "select public.vessel_activity_grant(current_user::text, 'operator')",
    "select public.vessel_activity_revoke(current_user::text)",
    "select vessel_activity.give_rights(current_user, array['operator'])",
    "select vessel_activity.renew_rights()",
    "select public.vessel_activity_member_add('a', 'dbname=a')",
    "select public.vessel_activity_member_remove('a')",
    "select vessel_activity.run_ddl('drop table public.vessels')",
    "select vessel_activity.refresh_at(now() + interval '1 day', 'manual')",
    "select vessel_activity.figures_at(now())",
    "select vessel_activity.remove_simulation()",
    "select vessel_activity.recompute_history(now(), now())",
    "select vessel_activity.replay_step('a.csv')",
    "select * from vessel_activity.install_triggers()",
    "call vessel_activity.scheduled_refresh(1)",
    "call vessel_activity.put_triggers(null)",
    "update vessel_activity.settings set simulation = 'pg_temp'",
    "update public.vessel_activity_realtime set active_now = 7",
    "truncate vessel_activity.inbox",
    "select setval('vessel_activity.inbox_guard', 2)",
    "select * from vessel_activity.inbox",
    "select * from vessel_activity.last_report",
    "select vessel_activity.file_reports('{}')",
    "insert into public.vessels (mmsi) values ('1')",
    "select * from vessel_activity.recording",
    "select * from public.vessel_positions",
    "select * from public.vessels",
    "delete from public.vessel_positions",
    "drop table public.vessel_activity_realtime",
]
_MAY = {
    "reader": ["reader"],
    "server": ["reader", "server"],
    "operator": ["reader", "server", "operator"],
    "feeder": ["feeder"],
    "combiner": ["combiner"],
}


@pytest.mark.parametrize("purpose", [*_MAY, None])
def test_a_purpose_is_enough_for_its_calls_and_for_no_others(
    db: psycopg.Connection, url: str, purpose: str | None
) -> None:
    may = [call for part in _MAY.get(purpose or "", []) for call in _CAN[part]]
    every = [call for calls in _CAN.values() for call in calls]
    with role(db, url, *([purpose] if purpose else [])) as session:
        for call in may:
            session.execute(call)
        for call in {*every, *_NOBODY_ELSE} - set(may):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(call)
    failures = db.execute(
        "select sqlstate from vessel_activity.refresh_log where sqlstate <> '57014'"
    )
    assert failures.fetchall() == []


def test_a_feeder_adds_positions_and_vessels_but_reads_and_changes_none(
    db: psycopg.Connection, url: str
) -> None:
    with role(db, url, "feeder") as session:
        feed = Feed(session)
        assert feed.send(Report(219000001), Report(219000001))["positions"] == 1
        session.execute("select vessel_activity.load_start('file')")
        loaded = session.execute(
            "select rows_loaded from vessel_activity.load_batch(1, %s)", (Report(219000002).row(),)
        ).fetchone()
        assert loaded == (1,)
        session.execute("select vessel_activity.load_end(1, 'finished')")
        for table in ("public.vessels", "public.vessel_positions", "vessel_activity.feed"):
            for query in (f"select from {table}", f"delete from {table}"):  # noqa: S608 - names
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(query.encode())
    assert db.execute("select count(*) from public.vessel_positions").fetchone() == (2,)


# --- the programs ---------------------------------------------------------------------------------

_REPORTS = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType\n"
    "219000001,2022-01-03T00:00:00,50.5,-5.25,10.1,270.0,511,ANNA,IMO0000000,,70\n"
    "002190001,2022-01-03T00:00:00,50.5,-5.25,10.1,270.0,511,COAST,IMO0000000,,70\n"
)
_PROGRAMS = ("refresh", "status", "load", "replay", "migrate", "rollback")
_RUNS: dict[str, set[str]] = {
    "reader": set(),
    "server": set(),
    "operator": {"status", "refresh"},
    "feeder": {"load"},
    "combiner": set(),
}


@pytest.mark.parametrize("purpose", _RUNS)
def test_the_commands_run_with_the_purpose_that_they_need(
    db: psycopg.Connection, url: str, purpose: str, tmp_path: Path
) -> None:
    reports = tmp_path / "reports.csv"
    reports.write_text(_REPORTS)
    with new_role(db, url, purpose) as its_url:
        for program in _PROGRAMS:
            arguments = [str(reports)] if program in ("load", "replay") else []
            done = subprocess.run(
                [*COMMAND, program, *arguments],
                cwd=PROJECT,
                env={**os.environ, "DATABASE_URL": its_url},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            assert "Traceback" not in done.stderr
            if program in _RUNS[purpose]:
                assert done.returncode == 0, (program, done.stdout, done.stderr)
            else:
                assert done.returncode == 2, (program, done.stdout, done.stderr)
                assert f"you are {urlsplit(its_url).username}" in done.stderr, (
                    program,
                    done.stderr,
                )
            if program == "load" and purpose == "feeder":
                assert "loaded                  1\n" in done.stdout
                assert "         1  not a ship station\n" in done.stdout
                shown = done.stdout[done.stdout.index("select line_number") :]
                with psycopg.connect(its_url, autocommit=True) as session:
                    assert session.execute(shown.encode()).fetchall() == [
                        (3, "not a ship station", _REPORTS.splitlines()[2])
                    ]
    loaded = [("219000001", "ANNA")] if purpose == "feeder" else []
    assert db.execute("select mmsi, name from public.vessels").fetchall() == loaded


@pytest.mark.parametrize("purpose", ["server", "operator"])
def test_a_server_serves_and_refreshes(db: psycopg.Connection, url: str, purpose: str) -> None:
    db.execute("select public.vessel_activity_schedule(interval '1 second')")
    with (
        new_role(db, url, purpose) as its_url,
        WebServer(its_url, {"VESSEL_ACTIVITY_FALLBACK": "on"}) as web,
    ):
        assert web.get(STATS).json()["activeNow"] == 0
        add_positions(db, (1, datetime.now(UTC)), (2, datetime.now(UTC)))
        eventually(lambda: web.get(STATS).json()["activeNow"] == 2, within_seconds=60)
        assert web.get("/api/database/vessel-stats-history?range=1h").status_code == 200
        assert web.get("/api/database/vessel-stats-history.csv?range=1h").status_code == 200
        assert web.get("/readyz").status_code == 200
        assert "vessel_activity_refreshes_total" in web.get("/metrics").text
    assert "ERROR" not in web.log
    log = db.execute(
        "select bool_and(sqlstate is null), array_agg(distinct refreshed_by) filter (where id > 1)"
        " from vessel_activity.refresh_log"
    ).fetchone()
    assert log == (True, ["fallback"])


def test_a_reader_serves_what_others_refresh_and_is_told_that_it_may_not(
    db: psycopg.Connection, url: str
) -> None:
    add_positions(db, (1, datetime.now(UTC)))
    db.execute("select public.refresh_vessel_activity()")
    with new_role(db, url, "reader") as its_url:
        with WebServer(its_url) as web:
            assert web.get(STATS).json()["activeNow"] == 1
            assert web.get("/readyz").status_code == 200
            assert "vessel_activity_refreshes_total" in web.get("/metrics").text
            history = "/api/database/vessel-stats-history?range=1h"
            assert web.get(history).status_code == 200
        assert "ERROR" not in web.log
        with WebServer(its_url, {"VESSEL_ACTIVITY_FALLBACK": "on"}) as web:
            eventually(lambda: "the purpose server" in web.log, within_seconds=30)
            assert "permission denied for function refresh_if_due" in web.log
            assert web.get(STATS).json()["activeNow"] == 1


def test_the_refresh_loop_runs_as_a_server(db: psycopg.Connection, url: str) -> None:
    db.execute("select public.vessel_activity_schedule(interval '1 second')")
    add_positions(db, (1, datetime.now(UTC)))
    with new_role(db, url, "server") as its_url:
        loop = subprocess.Popen(
            [*COMMAND, "refresh-loop"],
            cwd=PROJECT,
            env={**os.environ, "DATABASE_URL": its_url},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            eventually(lambda: stored(db).active_now == 1, within_seconds=60)
        finally:
            loop.send_signal(signal.SIGTERM)
            _, said = loop.communicate(timeout=30)
    assert "refresh failed" not in said
    assert "maintenance put off" not in said


# --- the owner's view counts, whoever refreshes ---------------------------------------------------


@pytest.mark.parametrize("purpose", ["server", "operator"])
def test_row_level_security_does_not_change_the_figures(
    db: psycopg.Connection, url: str, purpose: str
) -> None:
    add_positions(db, (1, datetime.now(UTC)))
    db.execute("alter table public.vessel_positions enable row level security")
    db.execute("alter table public.vessels enable row level security")
    with role(db, url, purpose) as session:
        for _ in range(2):  # the first one builds the state
            add_positions(db, (2, datetime.now(UTC)))
            db.execute("update vessel_activity.settings set refresh_interval = interval '1 second'")
            db.execute(
                "update public.vessel_activity_realtime set updated_at = now() - interval '1 hour'"
            )
            row = session.execute(
                "select refreshed from vessel_activity.refresh_if_due('fallback')"
            ).fetchone()
            assert row == (True,)
            assert stored(db).active_now == 2
    assert stored(db) == definition(db, stored(db).updated_at)


def test_row_level_security_that_the_owner_must_obey_is_an_error(
    empty_url: str, db: psycopg.Connection
) -> None:
    # A superuser would see all rows: here an ordinary role owns everything.
    database = urlsplit(empty_url).path[1:]
    owner, server = f"owner_{database}", f"server_{database}"
    db.execute(f"create role {owner} login; create role {server} login")
    try:
        db.execute(f"alter database {database} owner to {owner}")
        its_url = empty_url.replace("postgres@", f"{owner}@")
        migrate.migrate(its_url)
        with psycopg.connect(its_url, autocommit=True) as session:
            add_positions(session, (1, datetime.now(UTC)))
            session.execute("select public.refresh_vessel_activity()")
            grant(session, server, "operator")
            session.execute(
                "alter table public.vessel_positions enable row level security;"
                "alter table public.vessel_positions force row level security"
            )
        with psycopg.connect(
            empty_url.replace("postgres@", f"{server}@"), autocommit=True
        ) as session:
            for call in (
                "select public.refresh_vessel_activity()",
                "select public.vessel_activity_at(now())",
                "select public.vessel_activity_feed_at(now() - interval '1 second')",
                "select public.vessel_activity_backfill_history(now() - interval '1 hour', now())",
            ):
                with pytest.raises(
                    psycopg.errors.InsufficientPrivilege, match='"vessel_positions"'
                ):
                    session.execute(call)
            assert session.execute(
                "select s.state, s.detail from public.vessel_activity_status() as s"
                " where s.check_name = 'future positions'"
            ).fetchone() == ("ok", f"{owner} may not read all of public.vessel_positions")
            assert session.execute(
                "select active_now from public.vessel_activity_realtime"
            ).fetchone() == (1,)
    finally:
        with psycopg.connect(empty_url, autocommit=True) as admin:
            admin.execute("drop schema if exists vessel_activity_migrations cascade")
            admin.execute(f"alter database {database} owner to postgres")
            admin.execute(f"drop owned by {server}, {owner} cascade")
        db.execute(f"drop role {server}, {owner}")


# --- callers that try to mislead the functions ----------------------------------------------------

_HOSTILE_SETTINGS = {
    "search_path": "pg_temp, trap, pg_catalog",
    "default_transaction_isolation": "'read committed'",
    "row_security": "off",
    "lock_timeout": "'1s'",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "datestyle": "'SQL, DMY'",
    "intervalstyle": "sql_standard",
    "timezone": "'America/New_York'",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "xmlbinary": "hex",
    "client_encoding": "LATIN1",
    "enable_indexscan": "off",
    "enable_hashagg": "off",
    "plan_cache_mode": "force_generic_plan",
    "plpgsql.extra_errors": "'all'",
    "check_function_bodies": "off",
    "client_min_messages": "error",
    "synchronous_commit": "off",
    "vessel_activity.granted": """'[{"role": "pg_monitor", "purpose": "operator"}]'""",
    "vessel_activity.applied_to": "'1'",
}
_TRAP = """
    create function {schema}.sprung() returns boolean language plpgsql as
      $$ begin raise exception 'trap sprung, with the rights of %', current_user; end $$;
    create function {schema}.now() returns timestamptz language sql as
      'select null::timestamptz from {schema}.sprung()';
    create function {schema}.clock_timestamp() returns timestamptz language sql as
      'select null::timestamptz from {schema}.sprung()';
    create function {schema}.format(text, text) returns text language sql as
      'select null::text from {schema}.sprung()';
    create function {schema}.format(text, name) returns text language sql as
      'select null::text from {schema}.sprung()';
    create function {schema}.compared(timestamptz, timestamptz) returns boolean language sql as
      'select {schema}.sprung()';
    create operator {schema}.<= (leftarg = timestamptz, rightarg = timestamptz, function = {schema}.compared);
    create operator {schema}.> (leftarg = timestamptz, rightarg = timestamptz, function = {schema}.compared);
    create table {schema}.settings (); create table {schema}.state (); create table {schema}.inbox ();
    create table {schema}.vessels (); create table {schema}.vessel_positions ();
    create table {schema}.pg_class (); create table {schema}.pg_proc (); create table {schema}.feed ();
    create table {schema}.static_data ();
"""  # noqa: E501


def test_settings_temporary_objects_and_a_search_path_do_not_mislead_the_functions(
    db: psycopg.Connection, url: str
) -> None:
    now = datetime.now(UTC)
    add_positions(db, (1, now), (2, now))
    db.execute("insert into public.vessels (mmsi, name, flag) values ('219000001', 'A', 'DK')")
    with role(db, url, "operator", "feeder") as session:
        name = session.info.user
        db.execute(f"create schema trap authorization {name}")
        db.execute(f"alter role {name} set search_path = trap, pg_catalog")
        session.execute(_TRAP.format(schema="trap"))
        session.execute(_TRAP.format(schema="pg_temp"))
        for setting, value in _HOSTILE_SETTINGS.items():
            session.execute(f"set {setting} = {value}")
        with pytest.raises(psycopg.errors.RaiseException, match="trap sprung"):
            session.execute("select trap.now()")

        calls = [call for part in ("reader", "server", "operator", "feeder") for call in _CAN[part]]
        for call in calls:
            if call.startswith("select * from vessel_activity.r") or "realtime" in call:
                continue  # these run with the rights of the caller
            session.execute(call)
        answers = session.execute("select * from public.vessel_activity_verify()").fetchall()
        assert [answer for answer in answers if not answer[3]] == []
        row = session.execute("select vessel_activity.serving()").fetchone()
        assert row is not None
        # A position of long ago, whose text has NULLs and backslashes.
        answer = Feed(session).send(Report(219000001, name="A", raw="\\N\\"))
        assert (answer["positions"], answer["vessels_new"]) == (1, 0)
    assert (stored(db).active_now, stored(db).total_vessels) == (2, 1)
    assert stored(db) == definition(db, stored(db).updated_at)
    assert db.execute(
        "select count(*) from vessel_activity.refresh_log"
        " where not (verification ->> 'equal')::boolean"
    ).fetchone() == (0,)


def test_a_caller_can_put_nothing_in_the_way_of_an_event_trigger(
    db: psycopg.Connection, url: str
) -> None:
    # The audit does not qualify its names, and runs with the rights of the owner.
    db.execute(
        """
        create table public.audit (tag text);
        create function public.note() returns event_trigger language plpgsql as
          $$ begin insert into audit values (tg_tag); end $$;
        """
    )
    with role(db, url, "server") as session:
        name = session.info.user
        db.execute(f"create schema trap authorization {name}")
        db.execute(f"alter role {name} set search_path = trap, public")
        session.execute(
            """
            create table trap.audit (tag text);
            create function trap.spring() returns trigger language plpgsql as
              $$ begin raise exception 'trap sprung, with the rights of %', current_user; end $$;
            create trigger spring before insert on trap.audit for each row execute function trap.spring();
            set search_path = trap, public
            """  # noqa: E501
        )
        db.execute("drop trigger vessel_activity_inserted on public.vessel_positions")
        db.execute(
            "create event trigger audit_ddl on ddl_command_end execute function public.note()"
        )
        with psycopg.connect(
            url.replace("postgres@", f"{name}@"), autocommit=True
        ) as fresh:  # with the search_path of the role
            fresh.execute("select vessel_activity.maintain()")
        assert "CREATE TRIGGER" in {tag for (tag,) in db.execute("select tag from public.audit")}
        assert db.execute("select * from trap.audit").fetchall() == []
    db.execute("drop event trigger audit_ddl")


def test_no_function_has_a_string_that_another_lexer_would_end_elsewhere(
    db: psycopg.Connection,
) -> None:
    # With standard_conforming_strings = off, a backslash before a quote would not end the string.
    found = db.execute(
        r"""
        select o.routine::text from vessel_activity.routines() as o
        join pg_proc as p on p.oid = o.routine
        where p.prosrc ~ '\\''' and p.prosqlbody is null
        """
    ).fetchall()
    assert found == []


# --- migrate keeps the rights as they should be ---------------------------------------------------


def test_default_privileges_give_nobody_a_right(empty_url: str, db: psycopg.Connection) -> None:
    # As on Supabase, where the API runs as such a role.
    database = urlsplit(empty_url).path[1:]
    anon = f"anon_{database}"
    db.execute(f"create role {anon} login")
    try:
        with psycopg.connect(empty_url, autocommit=True) as session:
            session.execute(
                f"""
                alter default privileges grant all on functions to {anon};
                alter default privileges grant all on tables to {anon};
                alter default privileges grant all on sequences to {anon};
                alter default privileges grant usage on schemas to {anon}
                """
            )
        migrate.migrate(empty_url)
        with psycopg.connect(empty_url, autocommit=True) as session:
            ours = {text for text in rights(session, anon) if "vessel_activity" in text}
            assert ours == {
                "select on public.vessel_activity_performance",
                "select on public.vessel_activity_realtime",
            }
    finally:
        with psycopg.connect(empty_url, autocommit=True) as session:
            session.execute(f"drop owned by {anon} cascade")
        db.execute(f"drop role {anon}")


def test_a_migrate_gives_each_purpose_anew_and_takes_what_was_given_by_hand(
    db: psycopg.Connection, url: str, plain: str
) -> None:
    with new_role(db, url, "operator", "feeder") as other_url, new_role(db, url, "server") as third:
        other, server = (str(urlsplit(one).username) for one in (other_url, third))
        # Dropped and made anew, as an upgrade does if the result of a function changes.
        db.execute("alter function vessel_activity.serving() rename to serving_before")
        db.execute("drop function vessel_activity.maintain()")
        db.execute(f"grant execute on function vessel_activity.run_ddl(text) to {plain}, public")
        db.execute(f"grant insert on vessel_activity.settings to {plain}")
        db.execute(f"grant select, delete on public.vessel_activity_realtime to {plain}")
        db.execute(
            "revoke execute on function"
            f" vessel_activity.log_failure(text, timestamptz, text, text) from {server}"
        )
        migrate.migrate(url)
        assert db.execute("select to_regproc('vessel_activity.serving_before')").fetchone() == (
            None,
        )
        assert rights(db, other) == expected("operator", "feeder")
        assert rights(db, plain) == {"select on public.vessel_activity_realtime"}
        # A role that has lost a part of its purpose by hand keeps the lesser one.
        assert rights(db, server) == expected("reader")


def test_the_functions_of_a_superuser_go_to_the_owner(
    empty_url: str, db: psycopg.Connection
) -> None:
    with owned_by_another(db, empty_url) as (owner, _):
        with psycopg.connect(empty_url, autocommit=True) as session:
            session.execute("drop function public.vessel_activity_verify()")
            session.execute("drop table vessel_activity.recording")
            session.execute("drop type vessel_activity.report cascade")
            session.execute("drop sequence vessel_activity.reopenings cascade")
            session.execute(
                "create function vessel_activity.of_another() returns void language sql return null"
            )
            check = session.execute(
                "select state, hint from public.vessel_activity_status() where check_name = 'owner'"
            ).fetchone()
            assert check == (
                "fail",
                f"Run vessel-activity migrate as a superuser, which gives them to {owner}.",
            )
        migrate.migrate(empty_url)
        with psycopg.connect(empty_url, autocommit=True) as session:
            others = session.execute(
                """
                select p.proname::text from pg_proc as p join vessel_activity.routines() as o on o.routine = p.oid
                where pg_get_userbyid(p.proowner) <> %(owner)s
                union all
                select c.relname from pg_class as c
                where c.relnamespace = 'vessel_activity'::regnamespace and pg_get_userbyid(c.relowner) <> %(owner)s
                """,  # noqa: E501
                {"owner": owner},
            ).fetchall()
            assert others == []
