"""Each check of vessel_activity_status() is brought into each of its states.

The check of pg_cron is tested in test_pg_cron.py, crashes in test_engine_survival.py.
"""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT
from tests.support.fleet import AS_OF, MINUTE, SECOND, add_positions, refreshed
from vessel_activity.install import migrate

CHECKS = [
    "freshness",
    "refresher",
    "installation",
    "source tables",
    "engine",
    "verification",
    "inbox",
    "pg_cron",
    "index (timestamp)",
    "index (vesselId, timestamp)",
    "owner",
    "rights",
    "time zone",
    "future positions",
    "feed",
    "usual",
    "document",
    "alerts",
]


class Check(NamedTuple):
    """One row of the status."""

    state: str
    detail: str
    hint: str | None


def status(db: psycopg.Connection) -> dict[str, Check]:
    """Return the checks by name."""
    rows = db.execute("select check_name, state, detail, hint from vessel_activity_status()")
    return {name: Check(*rest) for name, *rest in rows}


def refresh(db: psycopg.Connection) -> None:
    """Refresh as of now."""
    db.execute("select public.refresh_vessel_activity()")


def aged(db: psycopg.Connection, age: timedelta) -> Check:
    """Give the row that age and return the check of its freshness."""
    db.execute(
        "update public.vessel_activity_realtime set updated_at = clock_timestamp() - %s", (age,)
    )
    return status(db)["freshness"]


def test_a_new_installation_has_no_complaint_but_pg_cron(
    db: psycopg.Connection,
) -> None:
    refresh(db)
    checks = status(db)

    assert list(checks) == CHECKS
    assert {name for name, check in checks.items() if check.state != "ok"} == {"pg_cron"}
    assert checks["pg_cron"].state == "warn"


def test_every_complaint_has_a_hint(db: psycopg.Connection) -> None:
    db.execute("delete from public.vessel_activity_realtime")
    db.execute("delete from vessel_activity.refresh_log")
    db.execute("drop index vessel_activity_timestamp_idx, vessel_activity_vessel_timestamp_idx")
    db.execute("alter table vessel_positions disable trigger all")
    add_positions(db, (1, AS_OF))

    complaints = {name: check for name, check in status(db).items() if check.state != "ok"}

    assert len(complaints) == 7
    silent = {name for name, check in complaints.items() if not check.hint}
    assert silent <= {"refresher"}


# --- freshness ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("age", "state"), [(0, "ok"), (30, "ok"), (35, "fail"), (100, "fail")])
def test_freshness_follows_the_age_of_the_row(db: psycopg.Connection, age: int, state: str) -> None:
    check = aged(db, age * SECOND)

    assert check.state == state  # 34 s: four seconds after the next refresh was due
    assert check.detail.startswith(f"the cached row is 00:0{age // 60}:{age % 60:02}")
    assert check.detail.endswith("; the refresh interval is 00:00:30")
    assert (check.hint is None) is (state == "ok")


def test_freshness_follows_the_interval(db: psycopg.Connection) -> None:
    db.execute("select public.vessel_activity_schedule('1 hour')")
    assert aged(db, 60 * MINUTE).state == "ok"
    assert aged(db, 60 * MINUTE + 4 * SECOND).state == "ok"  # the loop waits 5 s for pg_cron
    assert aged(db, 60 * MINUTE + 6 * SECOND).state == "fail"


def test_freshness_fails_without_a_row(db: psycopg.Connection) -> None:
    db.execute("delete from public.vessel_activity_realtime")

    check = status(db)["freshness"]

    assert (check.state, check.detail) == (
        "fail",
        "there is no cached row: no refresh has succeeded yet",
    )
    assert "refresh_vessel_activity()" in (check.hint or "")


def test_freshness_fails_with_a_row_of_the_future(db: psycopg.Connection) -> None:
    assert aged(db, -5 * SECOND).state == "fail"
    refreshed(db, AS_OF)

    check = status(db)["freshness"]

    assert check.state == "fail"
    assert check.detail == (
        "the cached row is from 2050-03-13 12:00:00.25+00, which is in the future:"
        " the clock of the database server was set back"
    )
    assert check.hint == (
        "Wait for the next refresh, which writes the row anew."
        " Or run select public.refresh_vessel_activity()."
    )
    refresh(db)
    assert status(db)["freshness"].state == "ok"


def test_a_session_that_blocks_all_refreshes_is_named(db: psycopg.Connection, url: str) -> None:
    db.execute("select public.vessel_activity_schedule('1 second')")
    aged(db, MINUTE)
    with psycopg.connect(url) as other:
        # The transaction stays open.
        other.execute("select public.refresh_vessel_activity(), pg_sleep(1.1)")
        check = status(db)["freshness"]
        assert check.state == "fail"
        assert f"pg_terminate_backend({other.info.backend_pid})" in (check.hint or "")
        other.rollback()
    assert "pg_terminate_backend" not in (aged(db, MINUTE).hint or "")


# --- refresher ------------------------------------------------------------------------------------


def test_the_refresher_is_named_with_its_time(db: psycopg.Connection) -> None:
    db.execute("delete from vessel_activity.refresh_log")
    db.execute(
        """
        insert into vessel_activity.refresh_log (started_at, duration_ms, refreshed_by)
        values (now(), 12.345, 'fallback')
        """
    )

    check = status(db)["refresher"]

    assert check == Check(
        "ok",
        "the last refresh was by fallback and took 12.345 ms; 0 of the last 10 refreshes failed",
        None,
    )


def test_a_failure_as_the_last_refresh_fails_the_check_with_its_reason(
    db: psycopg.Connection,
) -> None:
    db.execute(
        """
        insert into vessel_activity.refresh_log
          (started_at, duration_ms, refreshed_by, sqlstate, message)
        values ('2026-01-02 03:04:05+00', 1, 'pg_cron', '42703', 'no col')
        """
    )

    check = status(db)["refresher"]

    assert check.state == "fail"
    assert check.detail == (
        "the last refresh, by pg_cron at 2026-01-02 03:04:05+00, failed: no col (SQLSTATE 42703)"
    )
    assert check.hint


def test_an_earlier_failure_warns_until_ten_refreshes_have_passed(db: psycopg.Connection) -> None:
    db.execute("select vessel_activity.log_failure('fallback', now(), '57014', 'stopped')")
    for _ in range(9):
        refresh(db)
    check = status(db)["refresher"]
    assert (check.state, check.detail.endswith("; 1 of the last 10 refreshes failed")) == (
        "warn",
        True,
    )

    refresh(db)

    check = status(db)["refresher"]
    assert (check.state, check.detail.endswith("; 0 of the last 10 refreshes failed")) == (
        "ok",
        True,
    )


def test_an_empty_log_warns(db: psycopg.Connection) -> None:
    db.execute("delete from vessel_activity.refresh_log")

    assert status(db)["refresher"][:2] == ("warn", "no refresh has been logged")


# --- engine, verification, inbox ------------------------------------------------------------------


def test_the_engine_says_how_the_last_refresh_was_done(db: psycopg.Connection) -> None:
    refresh(db)
    assert status(db)["engine"] == Check("ok", "the last refresh took in changes only", None)

    db.execute("select public.vessel_activity_rebuild()")
    refresh(db)
    assert status(db)["engine"][:2] == (
        "ok",
        "the last refresh rebuilt the incremental state: there was no state",
    )


def test_the_engine_warns_while_changes_could_be_missed(db: psycopg.Connection) -> None:
    db.execute("drop trigger vessel_activity_inserted on vessel_positions")

    check = status(db)["engine"]
    assert check.state == "warn"
    assert "vessel_positions lacks triggers of vessel activity" in check.detail
    assert "Run vessel-activity migrate as the owner of the table" in (check.hint or "")

    db.execute("select from vessel_activity.install_triggers()")
    refresh(db)
    assert status(db)["engine"].state == "ok"


def test_a_verification_is_dated(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF)
    refreshed(db, AS_OF + 90 * MINUTE)

    assert status(db)["verification"] == Check(
        "ok",
        "the incremental state was last built from or compared with the definition"
        " at 2050-03-13 13:30:00.25+00",
        None,
    )


def test_a_mismatch_warns_for_as_long_as_the_log_is_kept(db: psycopg.Connection) -> None:
    db.execute("update vessel_activity.fleet_count set vessels = vessels + 1")
    db.execute(
        "insert into vessel_activity.fleet_count values ('total', '', 5) on conflict do nothing"
    )
    db.execute("select * from vessel_activity_verify()")
    refresh(db)

    check = status(db)["verification"]
    assert check.state == "warn"
    assert "differed from the definition" in check.detail
    assert "verification" in (check.hint or "")

    db.execute("delete from vessel_activity.refresh_log where verification is not null")
    assert status(db)["verification"].state == "ok"


def test_an_inbox_over_its_limit_warns(db: psycopg.Connection) -> None:
    refresh(db)
    assert status(db)["inbox"].state == "ok"
    assert status(db)["inbox"].detail.startswith("recorded changes of the source tables take up ")
    assert status(db)["inbox"].detail.endswith(" of at most 64 MB")
    add_positions(db, *((n, AS_OF) for n in range(2_000)))
    db.execute("update vessel_activity.settings set inbox_limit_bytes = 16384")

    check = status(db)["inbox"]

    assert check.state == "warn"
    assert check.detail.endswith(" of at most 16 kB")
    assert "End old transactions: " in (check.hint or "")


# --- pg_cron, indexes, time zone, future ----------------------------------------------------------


def test_a_server_without_pg_cron_warns_and_names_the_fallback(db: psycopg.Connection) -> None:
    check = status(db)["pg_cron"]

    assert check.state == "warn"
    assert check.detail == (
        "pg_cron is not loaded on this server;"
        " refreshes need vessel-activity serve or vessel-activity refresh-loop to run"
    )
    assert "shared_preload_libraries" in (check.hint or "")


@pytest.mark.parametrize(
    ("index", "check_name"),
    [
        ("vessel_activity_timestamp_idx", "index (timestamp)"),
        ("vessel_activity_vessel_timestamp_idx", "index (vesselId, timestamp)"),
    ],
)
def test_a_missing_index_fails_and_migrate_builds_it(
    db: psycopg.Connection, url: str, index: str, check_name: str
) -> None:
    assert status(db)[check_name] == Check("ok", f"index public.{index} can be used", None)
    db.execute(f"drop index {index}")

    check = status(db)[check_name]
    assert (check.state, "has no valid index that begins with these columns" in check.detail) == (
        "fail",
        True,
    )
    assert (
        check.hint
        == "Run vessel-activity migrate, which builds the index without blocking writers."
    )

    migrate.migrate(url)
    assert status(db)[check_name].state == "ok"


@pytest.mark.parametrize(
    ("kind", "ddl", "remark", "where"),
    [
        (
            "view",
            "create view {new} as select * from {old}",
            "which can have no index",
            "table behind the view",
        ),
        (
            "materialized view",
            "create materialized view {new} as select * from {old}",
            "on which vessel-activity migrate builds no index",
            "materialized view",
        ),
    ],
)
def test_an_impossible_index_is_no_failure(
    db: psycopg.Connection, kind: str, ddl: str, remark: str, where: str
) -> None:
    db.execute("alter table vessel_positions rename to behind")
    db.execute(ddl.format(old="behind", new="vessel_positions").encode())

    checks = db.execute(
        "select s.state, s.detail, s.hint from vessel_activity_status() as s"
        " where s.check_name like 'index%'"
    ).fetchall()

    detail = f"public.vessel_positions is a {kind}, {remark}"
    assert checks == [
        ("warn", detail, f'Make sure that there is an index on ("timestamp") of the {where}.'),
        (
            "warn",
            detail,
            f'Make sure that there is an index on ("vesselId", "timestamp") of the {where}.',
        ),
    ]


def test_an_invalid_or_partial_index_does_not_count(db: psycopg.Connection) -> None:
    db.execute(
        "update pg_index set indisvalid = false "
        "where indexrelid = 'vessel_activity_timestamp_idx'::regclass"
    )
    db.execute("drop index vessel_activity_vessel_timestamp_idx")
    db.execute('create index on vessel_positions ("vesselId", timestamp) where speed > 0')

    checks = status(db)

    assert checks["index (timestamp)"].state == "fail"
    assert checks["index (vesselId, timestamp)"].state == "fail"


def test_an_index_with_another_collation_does_not_count(
    db: psycopg.Connection,
) -> None:
    db.execute("drop index vessel_activity_vessel_timestamp_idx")
    db.execute('alter table vessel_positions alter "vesselId" type text collate "C"')
    for odd in ('"vesselId" collate "POSIX"', '"vesselId" text_pattern_ops'):
        db.execute(f"create index on vessel_positions ({odd}, timestamp)")
        assert status(db)["index (vesselId, timestamp)"].state == "fail"
    db.execute('create index on vessel_positions ("vesselId", timestamp)')
    assert status(db)["index (vesselId, timestamp)"].state == "ok"


def test_an_index_of_the_user_counts(db: psycopg.Connection) -> None:
    db.execute("drop index vessel_activity_timestamp_idx")
    db.execute("create index mine on vessel_positions (timestamp desc) include (speed)")

    assert status(db)["index (timestamp)"] == Check("ok", "index public.mine can be used", None)


def test_source_tables_owned_by_a_lesser_role_than_vessel_activity_give_a_warning(
    db: psycopg.Connection,
) -> None:
    assert status(db)["owner"] == Check(
        "ok", "the functions of vessel activity belong to postgres", None
    )
    with db.transaction(force_rollback=True):
        db.execute("create role captain")
        db.execute("alter table vessels owner to captain")

        check = status(db)["owner"]

        assert check.state == "warn"
        assert "the superuser postgres, and the source tables to captain, who" in check.detail
        assert "then vessel-activity migrate as that role" in (check.hint or "")


def test_the_time_zone_of_the_source_column_is_shown(db: psycopg.Connection) -> None:
    assert status(db)["time zone"] == Check(
        "ok", "public.vessel_positions.timestamp is timestamp with time zone", None
    )
    db.execute("alter table vessel_positions alter timestamp type timestamp(3)")

    check = status(db)["time zone"]

    assert check.detail == (
        "public.vessel_positions.timestamp is timestamp(3) without time zone, read as UTC"
    )
    assert "UTC" in (check.hint or "")


@pytest.mark.parametrize("column", ["timestamptz", "timestamp"])
def test_positions_from_the_future_warn_with_the_latest(
    db: psycopg.Connection, column: str
) -> None:
    db.execute(f"alter table vessel_positions alter timestamp type {column}")
    db.execute("set timezone = 'UTC'")
    add_positions(db, (1, datetime.now(UTC) + 30 * SECOND))
    assert status(db)["future positions"] == Check(
        "ok", "no position is more than a minute in the future", None
    )

    add_positions(db, (1, datetime.now(UTC) + 5 * MINUTE), (2, AS_OF))

    check = status(db)["future positions"]
    assert check.state == "warn"
    assert check.detail == (
        "positions are stamped up to 2050-03-13 12:00:00.25+00, in the future;"
        " each counts once its time has come"
    )
    assert "clock or time zone" in (check.hint or "")


# --- make status ----------------------------------------------------------------------------------


def test_make_status_prints_the_checks_and_fails_if_one_fails(
    db: psycopg.Connection, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "status"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    refresh(db)
    good = run()
    db.execute("delete from public.vessel_activity_realtime")
    bad = run()

    assert good.returncode == 0
    assert [line.split("  ")[0] for line in good.stdout.splitlines() if line[0] != " "] == [
        "warn" if name == "pg_cron" else "ok" for name in CHECKS
    ]
    assert bad.returncode == 1
    assert "fail  freshness" in bad.stdout
    assert "-> Run select public.refresh_vessel_activity()" in bad.stdout


# --- the feed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "state"),
    [
        ("30 seconds", "ok"),
        ("61 seconds", "warn"),
        ("301 seconds", "fail"),
        ("23 hours 59 minutes", "fail"),
        ("24 hours 1 second", "warn"),  # an old recording was loaded, and there is no feed
    ],
)
def test_the_age_of_the_newest_report_says_how_bad_it_is(
    db: psycopg.Connection, age: str, state: str
) -> None:
    db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp)'
        " values (1, clock_timestamp() - %s::interval)",
        (age,),
    )
    refreshed(db)
    check = status(db)["feed"]
    assert check.state == state
    assert check.detail.startswith("the newest report is ")
    assert (check.hint is None) == (state == "ok")


def test_a_database_without_reports_has_no_feed_to_complain_of(db: psycopg.Connection) -> None:
    refreshed(db)
    assert status(db)["feed"] == Check("ok", "there is no report yet", None)
