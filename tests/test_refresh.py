"""A refresh delays nobody, never goes back in time, and is always logged and announced.

A test waits for another session by waiting for an event: a notification, a lock, a row.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.fleet import (
    AS_OF,
    HOUR,
    MICROSECOND,
    SECOND,
    add_positions,
    add_vessels,
    definition,
    last_mode,
    refreshed,
    stored,
)
from tests.support.sandbox import replace_in_function
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

REFRESH = "select public.refresh_vessel_activity()"
IF_DUE = """
    select refreshed, wait_seconds, log_id, duration_ms, mode, new_rows, (figures).updated_at
    from vessel_activity.refresh_if_due(%s)
"""


@contextmanager
def session(url: str) -> Iterator[psycopg.Connection]:
    """Open a further session in autocommit."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def one(db: psycopg.Connection, query: str, *parameters: object) -> Any:  # noqa: ANN401
    """Return the only value of a query's only row."""
    row = db.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]


class Notice(NamedTuple):
    """A notice or warning of the server."""

    severity: str | None
    sqlstate: str | None
    message: str
    detail: str
    hint: str


def notices(db: psycopg.Connection) -> list[Notice]:
    """Collect the notices of a session from now on."""
    said: list[Notice] = []

    # Copied, since the diagnostics are gone with the answer.
    def collect(diag: psycopg.errors.Diagnostic) -> None:
        said.append(
            Notice(
                diag.severity_nonlocalized,
                diag.sqlstate,
                diag.message_primary or "",
                diag.message_detail or "",
                diag.message_hint or "",
            )
        )

    db.add_notice_handler(collect)
    return said


# --- overlap -------------------------------------------------------------------------------------


def test_an_overlapping_refresh_returns_the_current_row_at_once_with_a_notice(
    db: psycopg.Connection, url: str
) -> None:
    add_positions(db, (1, datetime.now(UTC)))
    before = stored(db)
    with session(url) as other, other.transaction():
        other.execute(REFRESH)  # holds the lock until the transaction ends
        said = notices(db)
        db.execute("set lock_timeout = '1ms'")  # any wait would be an error

        row = one(db, "select (public.refresh_vessel_activity()).active_now")

        assert row == before.active_now == 0
        assert [notice.message for notice in said] == [
            "another refresh is running; the current row is returned"
        ]
        assert said[0].severity == "NOTICE"
        assert said[0].hint
        assert stored(db) == before
    assert stored(db).active_now == 1


def test_an_overlapping_refresh_is_not_logged(db: psycopg.Connection, url: str) -> None:
    count = "select count(*) from vessel_activity.refresh_log"
    before = one(db, count)
    with session(url) as other, other.transaction():
        other.execute(REFRESH)
        db.execute(REFRESH)
        assert one(db, count) == before
    assert one(db, count) == before + 1


def test_an_overlap_without_any_row_returns_null(db: psycopg.Connection, url: str) -> None:
    db.execute("delete from public.vessel_activity_realtime")
    with session(url) as other, other.transaction():
        other.execute(REFRESH)

        assert one(db, "select (public.refresh_vessel_activity()).updated_at") is None


def test_a_refresh_that_is_rolled_back_never_happened(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF)
    add_positions(db, (1, AS_OF))
    with db.transaction(force_rollback=True):
        assert refreshed(db, AS_OF + SECOND).active_now == 1

    assert stored(db).updated_at == AS_OF
    assert refreshed(db, AS_OF + SECOND).active_now == 1
    assert last_mode(db)[0] == "incremental"


# --- never backwards -----------------------------------------------------------------------------


def test_an_older_result_never_replaces_a_newer_one(db: psycopg.Connection) -> None:
    now = one(db, "select clock_timestamp()")
    newer = refreshed(db, now)
    add_positions(db, (1, now - SECOND))
    said = notices(db)

    older = refreshed(db, now - MICROSECOND)

    assert older == newer == stored(db)
    assert "the row is kept" in said[0].message
    assert said[0].hint == (
        "Refresh again for a newer row: another refresh has stored this row meanwhile."
    )


def test_a_refresh_of_the_same_instant_replaces_the_row(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF)
    add_positions(db, (1, AS_OF - SECOND))

    assert refreshed(db, AS_OF).active_now == 1


def test_changes_noted_while_the_clock_was_behind_are_counted_later(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF)
    add_positions(db, (1, AS_OF - SECOND))
    refreshed(db, AS_OF - HOUR)

    assert refreshed(db, AS_OF + SECOND).active_now == 1


def test_deleting_a_row_of_the_future_is_the_way_out_of_a_clock_set_back(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF)
    db.execute("delete from public.vessel_activity_realtime")
    add_positions(db, (1, AS_OF - HOUR))

    assert refreshed(db, AS_OF - HOUR).active_now == 1
    assert last_mode(db) == ("rebuild", "the server's clock was set back")


REFRESHERS = {
    "manual": REFRESH,
    "pg_cron": "call vessel_activity.scheduled_refresh(1)",
    "fallback": "select vessel_activity.refresh_if_due('fallback')",
    "verification": "select vessel_activity_verify()",
}
SAMPLES = """
    select count(*) filter (where sampled_at > clock_timestamp()),
      count(*) filter (where sampled_at <= clock_timestamp())
    from vessel_activity.history
"""


def ahead(db: psycopg.Connection, by: str) -> None:
    """Refresh while the clock is ahead by that much. The history has one sample, an older one."""
    db.execute("delete from vessel_activity.history; delete from vessel_activity.history_hour")
    db.execute(
        "insert into vessel_activity.history"
        " select date_bin('1 minute', t.at, 'epoch'), t.at, 1, 1, 1, 1, 1, 1"
        " from (select clock_timestamp() - interval '5 minutes') as t (at)"
    )
    db.execute(
        "select vessel_activity.refresh_at(clock_timestamp() + %s::interval, 'pg_cron')", (by,)
    )


@pytest.mark.parametrize("refresher", REFRESHERS)
@pytest.mark.parametrize("by", ["3 days", "90 seconds", "2 seconds"])
def test_a_row_of_a_clock_once_ahead_is_replaced_by_the_next_refresh(
    db: psycopg.Connection, refresher: str, by: str
) -> None:
    now = one(db, "select clock_timestamp()")
    add_vessels(db, [("Cargo", "NO")])
    add_positions(db, (1, now - SECOND), (2, now + HOUR / 2), (3, now + 2 * HOUR))
    ahead(db, by)
    assert stored(db).updated_at > one(db, "select clock_timestamp()")

    db.execute(REFRESHERS[refresher])

    row = stored(db)
    assert now < row.updated_at <= one(db, "select clock_timestamp()")
    assert (row.active_now, row.total_vessels, row.positions_last_hour) == (1, 1, 1)
    assert last_mode(db) == ("rebuild", "the server's clock was set back")
    assert db.execute(SAMPLES).fetchone() == (0, 2)
    state = db.execute(
        "select as_of, far_due_at, verified_at from vessel_activity.state"
    ).fetchone()
    assert state == (row.updated_at, now + 2 * HOUR, row.updated_at)
    upcoming = db.execute(
        "select vessel_id, seen_at, sign from vessel_activity.upcoming"
    ).fetchall()
    assert upcoming == [(2, now + HOUR / 2, 1)]

    add_positions(db, (4, now))
    after = refreshed(db, one(db, "select clock_timestamp()"))
    assert last_mode(db)[0] == "incremental"
    assert after == definition(db, after.updated_at)
    assert after.active_now == 2


def test_the_definition_replaces_a_row_of_a_clock_once_ahead_too(db: psycopg.Connection) -> None:
    now = one(db, "select clock_timestamp()")
    add_positions(db, (1, now - SECOND))
    ahead(db, "3 days")
    db.execute("drop trigger vessel_activity_inserted on vessel_positions")

    db.execute(REFRESH)

    assert last_mode(db)[0] == "definition"
    assert stored(db).active_now == 1
    assert db.execute(SAMPLES).fetchone() == (0, 2)


def test_samples_of_the_future_go_also_if_the_row_was_deleted(db: psycopg.Connection) -> None:
    ahead(db, "3 days")
    db.execute("delete from public.vessel_activity_realtime")

    db.execute(REFRESH)

    assert db.execute(SAMPLES).fetchone() == (0, 2)


def test_a_clock_that_is_wrong_itself_replaces_nothing(db: psycopg.Connection) -> None:
    # As if the clock stood before 2024: the bound is moved to after the clock.
    replace_in_function(db, "refresh_at", {"'2024-01-01 00:00+00'": "'2150-01-01 00:00+00'"})
    ahead(db, "3 days")
    before = stored(db)
    said = notices(db)

    db.execute(REFRESH)

    assert stored(db) == before
    assert db.execute(SAMPLES).fetchone() == (1, 1)
    assert "the row is kept" in said[0].message
    assert said[0].hint == (
        "Set the clock of the database server right. The next refresh then writes a new row."
    )


# --- the singleton -------------------------------------------------------------------------------


def test_the_row_is_written_anew_after_a_delete(db: psycopg.Connection) -> None:
    add_vessels(db, [("Cargo", "NO")])
    db.execute("delete from public.vessel_activity_realtime")

    row = refreshed(db, AS_OF)

    assert stored(db) == row
    assert row.total_vessels == 1


def test_there_can_be_no_second_row(db: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="vessel_activity_realtime_singleton"):
        db.execute("insert into public.vessel_activity_realtime (id) values ('second')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.execute("insert into public.vessel_activity_realtime default values")


def test_the_row_has_the_columns_types_and_defaults_of_the_requirements(
    db: psycopg.Connection,
) -> None:
    columns = db.execute(
        """
        select a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid)
        from pg_attribute as a
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = 'public.vessel_activity_realtime'::regclass and a.attnum > 0
        order by a.attnum
        """
    ).fetchall()

    assert columns == [
        ("id", "text", "'singleton'::text"),
        ("active_now", "integer", "0"),
        ("active_last_hour", "integer", "0"),
        ("active_last_24h", "integer", "0"),
        ("total_vessels", "integer", "0"),
        ("positions_last_hour", "integer", "0"),
        ("vessel_types", "json", "'{}'::json"),
        ("top_flags", "json", "'[]'::json"),
        ("speed_avg", "numeric(5,2)", "0"),
        ("updated_at", "timestamp with time zone", "now()"),
    ]
    assert one(db, "select to_regclass('public.idx_vessel_activity_updated') is not null")


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_refresh_is_refused_above_read_committed(db: psycopg.Connection, level: str) -> None:
    before = stored(db)
    db.execute(f"set default_transaction_isolation = '{level}'")

    with pytest.raises(psycopg.errors.InvalidTransactionState) as error:
        db.execute(REFRESH)

    assert error.value.sqlstate == "25000"
    assert f"a {level.upper()} transaction" in str(error.value)
    assert "READ COMMITTED" in (error.value.diag.message_hint or "")
    assert stored(db) == before


def test_a_scheduled_refresh_sets_read_committed_itself(db: psycopg.Connection, url: str) -> None:
    name = one(db, "select current_database()")
    db.execute(f"alter database {name} set default_transaction_isolation = 'serializable'")
    db.execute("delete from vessel_activity.refresh_log")
    migrate.migrate(url)
    with session(url) as scheduler:
        scheduler.execute("delete from public.vessel_activity_realtime")
        scheduler.execute("call vessel_activity.scheduled_refresh(1)")
    log = db.execute("select refreshed_by, sqlstate from vessel_activity.refresh_log order by id")
    assert log.fetchall() == [("manual", None), ("pg_cron", None)]


def test_a_read_only_session_is_refused(db: psycopg.Connection) -> None:
    db.execute("set default_transaction_read_only = on")

    for call in (REFRESH, "select vessel_activity.refresh_if_due('fallback')"):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as error:
            db.execute(call)
        assert error.value.sqlstate == "25006"
        assert error.value.diag.message_primary == (
            "a refresh can't run in a read-only transaction, and default_transaction_read_only is"
            " on for role postgres in this database"
        )
        name = one(db, "select current_database()")
        assert (error.value.diag.message_hint or "").endswith(
            f"run alter role postgres in database {name} set default_transaction_read_only = off."
        )
    db.execute("set default_transaction_read_only = off")
    db.execute("begin read only")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as error:
        db.execute(REFRESH)
    assert error.value.diag.message_hint == "Refresh in a transaction that may write."
    db.execute("rollback")


# --- failures ------------------------------------------------------------------------------------


@contextmanager
def broken(db: psycopg.Connection) -> Iterator[None]:
    """Make every refresh fail while the block lasts: a source column is gone."""
    db.execute("alter table public.vessels rename active to is_active")
    yield
    db.execute("alter table public.vessels rename is_active to active")


def test_a_failed_refresh_leaves_the_old_row_and_the_next_one_succeeds(
    db: psycopg.Connection,
) -> None:
    add_vessels(db, [("Cargo", "NO")])
    before = refreshed(db, AS_OF)
    with broken(db):
        with pytest.raises(psycopg.errors.UndefinedColumn):
            refreshed(db, AS_OF + SECOND)
        assert stored(db) == before

    assert refreshed(db, AS_OF + SECOND).total_vessels == 1


def test_the_scheduled_refresh_logs_a_failure_with_its_sqlstate_and_goes_on(
    db: psycopg.Connection,
) -> None:
    db.execute("update vessel_activity.settings set refresh_interval = '1 second'")
    db.execute("delete from vessel_activity.refresh_log")
    db.execute("delete from public.vessel_activity_realtime")
    said = notices(db)
    with broken(db):
        db.execute("call vessel_activity.scheduled_refresh(1)")  # the call itself does not fail

    log = db.execute(
        "select refreshed_by, sqlstate, message, as_of, mode from vessel_activity.refresh_log"
    ).fetchall()
    assert len(log) == 1
    assert log[0][:2] == ("pg_cron", "42703")
    assert "active" in log[0][2]
    assert log[0][3:] == (None, None)
    assert [(n.severity, n.sqlstate) for n in said] == [("WARNING", "42703")]

    db.execute("call vessel_activity.scheduled_refresh(1)")
    assert one(db, "select count(*) from public.vessel_activity_realtime") == 1


def test_a_locked_source_table_fails_the_refresh_after_seconds(
    db: psycopg.Connection, url: str
) -> None:
    with session(url) as other, other.transaction():
        other.execute("lock table public.vessels in access exclusive mode")
        other.execute("set local statement_timeout = '1s'")
        started = datetime.now(UTC)

        db.execute("update vessel_activity.state set fingerprint = null")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            db.execute(REFRESH)

        assert timedelta(seconds=4) < datetime.now(UTC) - started < timedelta(seconds=9)


def test_a_failure_is_logged_with_its_duration(db: psycopg.Connection) -> None:
    db.execute(
        "select vessel_activity.log_failure('fallback', clock_timestamp() - interval '2 s', "
        "'57014', 'canceling statement due to user request')"
    )

    row = db.execute(
        """
        select refreshed_by, sqlstate, message, duration_ms between 2000 and 3000
        from vessel_activity.refresh_log order by id desc limit 1
        """
    ).fetchone()
    assert row == ("fallback", "57014", "canceling statement due to user request", True)


# --- due or not ----------------------------------------------------------------------------------


def test_the_first_refresher_refreshes_and_the_others_find_a_fresh_row(
    db: psycopg.Connection, url: str
) -> None:
    db.execute("delete from public.vessel_activity_realtime")
    with session(url) as other:
        first = db.execute(IF_DUE, ("fallback",)).fetchone()
        second = other.execute(IF_DUE, ("pg_cron",)).fetchone()

    assert first is not None
    assert second is not None
    assert first[0] is True
    assert first[2] == one(db, "select max(id) from vessel_activity.refresh_log")
    assert first[4] == "incremental"
    assert first[6] == stored(db).updated_at
    assert 29 < first[1] <= 30
    assert second[0] is False
    assert second[2:] == (None, None, None, None, None)
    assert 26 < second[1] <= 27  # pg_cron may come a tenth of the interval early


def test_the_fallback_waits_for_pg_cron_and_then_takes_over(
    db: psycopg.Connection,
) -> None:
    def asked(age: float) -> bool:
        db.execute(
            "update public.vessel_activity_realtime set updated_at = clock_timestamp() - %s",
            (timedelta(seconds=age),),
        )
        return bool(one(db, "select refreshed from vessel_activity.refresh_if_due('fallback')"))

    db.execute("select vessel_activity.refresh_at(clock_timestamp(), 'pg_cron')")

    assert not asked(30.1)  # it is the turn of pg_cron
    assert not asked(32.5)
    assert asked(33.1)  # pg_cron is late by a tenth of the interval
    assert asked(30.1)  # and now the fallback refreshes
    assert not asked(29)


@pytest.mark.parametrize("ahead", ["50 years", "3 seconds"])
def test_a_row_of_the_future_is_due_at_once(db: psycopg.Connection, ahead: str) -> None:
    db.execute(
        "update public.vessel_activity_realtime set updated_at = clock_timestamp() + %s::interval",
        (ahead,),
    )

    row = db.execute(IF_DUE, ("fallback",)).fetchone()

    assert row is not None
    assert row[0] is True
    assert 29 < row[1] <= 30
    assert stored(db).updated_at == row[6] <= one(db, "select clock_timestamp()")


# --- the log and its views -----------------------------------------------------------------------


def test_a_refresh_logs_time_duration_refresher_mode_and_amount(db: psycopg.Connection) -> None:
    started = one(db, "select clock_timestamp()")
    add_positions(db, (1, started), (2, started), (3, started))
    db.execute("select vessel_activity.refresh_at(clock_timestamp(), 'pg_cron')")

    with db.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select * from vessel_activity.refresh_log order by id desc limit 1"
        ).fetchone()

    assert row is not None
    assert started < row["started_at"] < one(db, "select clock_timestamp()")
    assert row["as_of"] == stored(db).updated_at
    assert 0 < row["duration_ms"] < 60_000
    assert (row["refreshed_by"], row["mode"], row["new_rows"]) == ("pg_cron", "incremental", 3)
    assert (row["sqlstate"], row["message"], row["verification"]) == (None, None, None)


def test_the_log_is_kept_for_its_retention(db: psycopg.Connection) -> None:
    db.execute("delete from vessel_activity.refresh_log")
    db.execute("update vessel_activity.settings set log_retention = '2 days'")
    db.execute(
        """
        insert into vessel_activity.refresh_log (started_at, duration_ms, refreshed_by)
        select clock_timestamp() - age, 1, 'manual'
        from unnest(array['3 days', '49 hours', '47 hours', '1 minute']::interval[]) as age
        """
    )
    # Logged while the clock was ahead.
    db.execute(
        "insert into vessel_activity.refresh_log (started_at, duration_ms, refreshed_by)"
        " values (clock_timestamp() + interval '3 days', 1, 'manual')"
    )
    # Old rows are deleted with every hundredth row.
    db.execute("select setval('vessel_activity.refresh_log_id_seq', 299, false)")
    db.execute(REFRESH)
    assert one(db, "select count(*) from vessel_activity.refresh_log") == 6
    db.execute(REFRESH)

    ages = db.execute(
        """
        select extract(epoch from date_trunc('hour', clock_timestamp() - started_at)) / 3600
        from vessel_activity.refresh_log order by started_at
        """
    ).fetchall()
    assert ages == [(47,), (0,), (0,), (0,)]


def test_the_performance_view_gives_the_exact_figures_of_the_log(db: psycopg.Connection) -> None:
    db.execute("delete from vessel_activity.refresh_log")
    # Twelve refreshes of 100, 200 … 1200 ms; between them two failures, of which one is recent.
    for number in range(1, 13):
        if number in {3, 9}:
            db.execute(
                "select vessel_activity.log_failure('fallback', clock_timestamp(), '42P01', 'no')"
            )
        db.execute(
            """
            insert into vessel_activity.refresh_log
              (started_at, as_of, duration_ms, refreshed_by, mode)
            values (clock_timestamp(), clock_timestamp(), %s, 'manual', 'incremental')
            """,
            (number * 100,),
        )

    rows = db.execute(
        """
        select scope, refreshes, last_ms, average_ms, minimum_ms, maximum_ms, failures
        from public.vessel_activity_performance
        """
    ).fetchall()

    # The last ten rows are those of 400 to 1200 ms and one failure.
    assert rows == [
        ("last 10", 9, *map(Decimal, ("1200", "800", "400", "1200")), 1),
        ("all kept", 12, *map(Decimal, ("1200", "650", "100", "1200")), 2),
    ]


def test_the_performance_view_has_its_two_rows_with_nothing_logged(
    db: psycopg.Connection,
) -> None:
    db.execute("delete from vessel_activity.refresh_log")

    rows = db.execute("select * from public.vessel_activity_performance").fetchall()

    assert rows == [
        ("last 10", 0, None, None, None, None, 0),
        ("all kept", 0, None, None, None, None, 0),
    ]


def test_a_slow_refresh_warns_and_is_stored_all_the_same(db: psycopg.Connection) -> None:
    db.execute("update vessel_activity.settings set slow_after = '1 microsecond'")
    said = notices(db)

    row = refreshed(db, AS_OF)

    assert [notice.severity for notice in said] == ["WARNING"]
    assert said[0].message.startswith("slow refresh: ")
    assert said[0].message.endswith(" ms")
    assert stored(db) == row


def test_a_quick_refresh_says_nothing(db: psycopg.Connection) -> None:
    said = notices(db)

    db.execute(REFRESH)

    assert said == []


def test_listeners_get_the_instant_after_the_commit_and_not_before(
    db: psycopg.Connection, url: str
) -> None:
    with session(url) as listener:
        listener.execute("listen vessel_activity")
        with db.transaction():
            row = refreshed(db, AS_OF)
            assert one(db, "select vessel_activity.announce()") is True
            assert list(listener.notifies(timeout=0.2)) == []

        told = next(listener.notifies(timeout=10))

        assert told.payload == "2050-03-13T12:00:00.250000Z"
        assert datetime.fromisoformat(told.payload) == row.updated_at
        assert stored(listener) == row


def test_a_refresh_that_is_rolled_back_tells_nobody(db: psycopg.Connection, url: str) -> None:
    with session(url) as listener:
        listener.execute("listen vessel_activity")
        with db.transaction(force_rollback=True):
            refreshed(db, AS_OF)
            assert one(db, "select vessel_activity.announce()") is True
        refreshed(db, AS_OF + SECOND)
        assert one(db, "select vessel_activity.announce()") is True

        told = next(listener.notifies(timeout=10))

    assert told.payload == "2050-03-13T12:00:01.250000Z"


def test_a_row_is_announced_once(db: psycopg.Connection) -> None:
    assert one(db, "select vessel_activity.is_announced()") is False  # the refresh of migrate
    db.execute("delete from public.vessel_activity_realtime")
    assert one(db, "select vessel_activity.is_announced()") is True
    assert one(db, "select vessel_activity.announce()") is False
    refreshed(db, AS_OF)
    assert one(db, "select vessel_activity.is_announced()") is False
    assert one(db, "select announced from vessel_activity.refresh_if_due('fallback')") is False

    assert one(db, "select vessel_activity.announce()") is True

    assert one(db, "select vessel_activity.is_announced()") is True
    assert one(db, "select vessel_activity.announce()") is False


# --- the schedule --------------------------------------------------------------------------------


def test_the_schedule_says_the_interval_and_who_refreshes(db: psycopg.Connection) -> None:
    answer = one(db, "select public.vessel_activity_schedule('10 seconds')")

    assert answer == (
        "refreshed every 00:00:10 by the refresh loop (pg_cron is not loaded on this server)"
    )
    assert one(db, "select refresh_interval from vessel_activity.settings") == 10 * SECOND
    assert one(db, "select wait_seconds <= 10 from vessel_activity.refresh_if_due('fallback')")


def test_the_schedule_keeps_the_interval_when_none_is_given(db: psycopg.Connection) -> None:
    db.execute("select public.vessel_activity_schedule('45 seconds')")

    assert one(db, "select public.vessel_activity_schedule()").startswith(
        "refreshed every 00:00:45"
    )


@pytest.mark.parametrize("interval", ["1 second", "1500 milliseconds", "1 day", "24 hours"])
def test_one_second_to_one_day_can_be_scheduled(db: psycopg.Connection, interval: str) -> None:
    db.execute("select public.vessel_activity_schedule(%s)", (interval,))

    assert one(db, "select refresh_interval = %s from vessel_activity.settings", interval)


@pytest.mark.parametrize("interval", ["999 milliseconds", "0", "-1 minute", "1 day 1 second"])
def test_other_intervals_are_refused_with_the_limits(db: psycopg.Connection, interval: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="1 second and 1 day") as error:
        db.execute("select public.vessel_activity_schedule(%s)", (interval,))

    assert error.value.sqlstate == "22023"
    assert "30 seconds" in (error.value.diag.message_hint or "")
    assert one(db, "select refresh_interval from vessel_activity.settings") == 30 * SECOND


# --- verification --------------------------------------------------------------------------------


def test_a_verification_compares_every_figure_with_the_definition(
    db: psycopg.Connection,
) -> None:
    add_vessels(db, [("Cargo", "NO"), ("Tug", None)])
    add_positions(db, (1, datetime.now(UTC)), speed=7)

    rows = db.execute("select figure, state, definition, equal from vessel_activity_verify()")

    figures = {figure: (state, defined, equal) for figure, state, defined, equal in rows}
    assert sorted(figures) == [
        *("active_last_24h", "active_last_hour", "active_now", "areas", "dark_cells"),
        *("last_reports", "late_last_hour"),
        *("newest_report", "part", "positions_ahead", "positions_last_hour"),
        "reports_last_minute",
        *("speed_avg", "timed_last_hour", "top_flags", "total_vessels", "updated_at"),
        "vessel_types",
    ]
    assert all(equal and state == defined for state, defined, equal in figures.values())
    assert figures["total_vessels"][0] == "2"
    assert figures["active_now"][0] == "1"


def test_a_verification_finds_logs_and_repairs_a_wrong_state(
    db: psycopg.Connection,
) -> None:
    add_vessels(db, [("Cargo", "NO")])
    add_positions(db, (1, datetime.now(UTC)))
    db.execute(REFRESH)
    db.execute(
        "update vessel_activity.last_report set seen_at = seen_at - interval '2 hours';"
        "update vessel_activity.last_report_count set starts_at = starts_at - interval '2 hours'"
    )
    said = notices(db)

    rows = db.execute(
        "select figure, state, definition from vessel_activity_verify() where not equal order by 1"
    ).fetchall()

    assert rows[:2] == [("active_last_hour", "0", "1"), ("active_now", "0", "1")]
    assert [figure for figure, _, _ in rows[2:]] == ["last_reports", "part"]
    assert [n.severity for n in said] == ["WARNING"]
    assert "differed from the definition" in said[0].message
    assert json.loads(said[0].detail)["equal"] is False
    assert last_mode(db) == ("rebuild", "the state differed from the definition")
    assert stored(db).active_now == 1
    db.execute(REFRESH)
    assert last_mode(db)[0] == "incremental"
    assert stored(db).active_now == 1


def test_a_refresh_verifies_by_itself_when_the_interval_has_passed(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF)
    verifications = "select count(verification) from vessel_activity.refresh_log"
    before = one(db, verifications)

    refreshed(db, AS_OF + HOUR - SECOND)
    assert one(db, verifications) == before
    refreshed(db, AS_OF + HOUR)
    assert one(db, verifications) == before + 1


def test_a_failed_verification_shows_no_earlier_result(db: psycopg.Connection) -> None:
    db.execute("select * from vessel_activity_verify()")
    refreshed(db, AS_OF)  # later than the clock: there is no state to compare
    said = notices(db)

    assert db.execute("select * from vessel_activity_verify()").fetchall() == []
    assert said[0].message == (
        "there was no state to compare: this refresh (rebuild) computed the row from the source"
        " tables"
    )
    assert said[0].detail == "the server's clock was set back"


def test_a_verification_beside_a_running_refresh_is_refused(
    db: psycopg.Connection, url: str
) -> None:
    with session(url) as other, other.transaction():
        other.execute(REFRESH)

        with pytest.raises(psycopg.errors.LockNotAvailable, match="another refresh is running"):
            db.execute("select * from vessel_activity_verify()")


def test_a_rebuild_can_be_asked_for(db: psycopg.Connection) -> None:
    add_positions(db, (1, AS_OF))
    db.execute("select public.vessel_activity_rebuild()")

    assert refreshed(db, AS_OF) == definition(db, AS_OF)
    assert last_mode(db) == ("rebuild", "there was no state")


def test_rebuilds_in_a_row_leave_no_dead_rows_behind(db: psycopg.Connection) -> None:
    def size() -> object:
        row = db.execute("select pg_relation_size('vessel_activity.last_report')").fetchone()
        return row and row[0]

    db.execute("alter table vessel_activity.last_report set (autovacuum_enabled = off)")
    add_positions(db, *((vessel, AS_OF) for vessel in range(1, 501)))
    refreshed(db)
    before = size()

    for second in range(1, 11):
        db.execute('delete from vessel_positions where "vesselId" = %s', (second,))
        db.execute("select public.vessel_activity_rebuild()")
        assert refreshed(db, AS_OF + second * SECOND).active_now == 500 - second
        assert last_mode(db)[0] == "rebuild"

    assert size() == before
    assert db.execute("select count(*) from vessel_activity.last_report").fetchone() == (490,)
