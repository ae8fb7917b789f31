# ruff: noqa: S608 - SQL made of constants
"""The truth of the feed: how new the reports are, how many come, and how many came late."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest

from tests.support.fleet import (
    AS_OF,
    HOUR,
    MICROSECOND,
    MINUTE,
    SECOND,
    add_positions,
    last_mode,
    refreshed,
)
from tests.support.standby import start_standby
from tests.support.webserver import eventually
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from vessel_activity.database.local_server import LocalServer

COLUMNS = "newest_report, reports_last_minute, positions_ahead, timed_last_hour, late_last_hour"


class Truth(NamedTuple):
    """What is said of the feed as of an instant."""

    newest_report: datetime | None
    reports_last_minute: int
    positions_ahead: int
    timed_last_hour: int
    late_last_hour: int


def one(db: psycopg.Connection, query: str, *parameters: object) -> tuple[Any, ...]:
    row = db.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row


def truth(db: psycopg.Connection, as_of: datetime, mode: str | None = None) -> Truth:
    """Refresh, compare what it says with the definition, and return that."""
    refreshed(db, as_of)
    if mode is not None:
        assert last_mode(db)[0] == mode, last_mode(db)
    stored = Truth(*one(db, f"select {COLUMNS} from vessel_activity.feed_truth"))
    defined = Truth(*one(db, f"select {COLUMNS} from vessel_activity.feed_truth_at(%s)", as_of))
    assert stored == defined
    assert one(db, "select as_of from vessel_activity.feed_truth") == (as_of,)
    return stored


MODES = {
    "incremental": "select",
    "rebuild": "select public.vessel_activity_rebuild()",
    "definition": "alter table public.vessel_positions disable trigger all",
}


@pytest.mark.parametrize("mode", MODES)
def test_the_minute_has_both_its_ends_and_what_is_ahead_is_not_the_newest(
    db: psycopg.Connection, mode: str
) -> None:
    refreshed(db, AS_OF - 10 * MINUTE)
    db.execute(MODES[mode].encode())
    for at in (
        *(AS_OF - MINUTE - MICROSECOND, AS_OF - MINUTE, AS_OF - 30 * SECOND, AS_OF - SECOND),
        *(AS_OF + MICROSECOND, AS_OF + 59 * MINUTE, AS_OF + 3 * HOUR),
    ):
        add_positions(db, (1, at))

    assert truth(db, AS_OF, mode)[:3] == (AS_OF - SECOND, 3, 3)
    # A microsecond later, the oldest has left the minute, and one more has come due.
    assert truth(db, AS_OF + MICROSECOND)[:3] == (AS_OF + MICROSECOND, 3, 2)


def test_a_vessel_is_not_needed_and_positions_that_go_no_longer_count(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF - 10 * MINUTE)
    db.execute('alter table public.vessel_positions alter "vesselId" drop not null')
    add_positions(db, (None, AS_OF - 2 * SECOND), (1, AS_OF - 3 * HOUR), (2, AS_OF + HOUR))
    add_positions(db, (2, AS_OF + 2 * HOUR))
    assert truth(db, AS_OF)[:3] == (AS_OF - 2 * SECOND, 1, 2)

    db.execute("delete from public.vessel_positions where timestamp > %s", (AS_OF + 90 * MINUTE,))
    db.execute('delete from public.vessel_positions where "vesselId" is null')
    # The newest report that is left is three hours old.
    assert truth(db, AS_OF + SECOND, "incremental")[:3] == (AS_OF - 3 * HOUR, 0, 1)
    db.execute("update public.vessel_positions set timestamp = %s", (AS_OF + SECOND,))
    assert truth(db, AS_OF + 2 * SECOND, "incremental")[:3] == (AS_OF + SECOND, 2, 0)


def test_a_feed_that_stopped_days_ago_still_has_its_newest_report(db: psycopg.Connection) -> None:
    assert truth(db, AS_OF - MINUTE).newest_report is None
    add_positions(db, (1, AS_OF - timedelta(days=400)), (1, datetime(1969, 12, 31, tzinfo=UTC)))
    assert truth(db, AS_OF).newest_report == AS_OF - timedelta(days=400)
    db.execute("delete from public.vessel_positions where timestamp > '1970-01-01'")
    assert truth(db, AS_OF + SECOND).newest_report is None


@pytest.mark.parametrize("mode", MODES)
def test_what_comes_after_its_second_was_counted_came_late(
    db: psycopg.Connection, mode: str
) -> None:
    # 12:00:00.25: the second 11:58:59 is the last that ended a minute ago.
    second = AS_OF.replace(microsecond=0) - 61 * SECOND
    add_positions(db, (1, second), (2, second + 999_999 * MICROSECOND), (3, second + SECOND))
    db.execute(MODES[mode].encode())
    refreshed(db, AS_OF)
    # One report of the counted second comes now, and two of the next, which was not counted yet.
    add_positions(db, (4, second), (5, second + SECOND), (6, second + SECOND))
    assert truth(db, AS_OF + 500_000 * MICROSECOND)[3:] == (3, 1)
    # Now that second has been counted too, with its three reports.
    truth(db, AS_OF + SECOND)
    assert truth(db, AS_OF + 2 * SECOND)[3:] == (6, 1)
    add_positions(db, (7, second + SECOND))
    assert truth(db, AS_OF + 3 * SECOND)[3:] == (7, 2)
    # What is taken away and given back has not come late; what is gone for good does not make up
    # for others.
    db.execute("update public.vessel_positions set speed = 3")
    assert truth(db, AS_OF + 4 * SECOND)[3:] == (7, 2)
    db.execute('delete from public.vessel_positions where "vesselId" in (1, 2, 4)')
    assert truth(db, AS_OF + 5 * SECOND)[3:] == (4, 1)


def test_a_backlog_after_an_outage_came_late(db: psycopg.Connection) -> None:
    began = AS_OF.replace(microsecond=0) - 30 * MINUTE
    for minute in range(11):  # the feed is away, the refreshes go on
        refreshed(db, began + minute * MINUTE)
    add_positions(db, *((1, began + n * SECOND) for n in range(9 * 60)))
    add_positions(db, *((1, began + 10 * MINUTE - n * SECOND) for n in range(59)))
    assert truth(db, began + 10 * MINUTE + SECOND)[3:] == (540, 540)
    assert one(db, "select vessel_activity.late_share(t) from vessel_activity.feed_truth as t")[
        0
    ] == pytest.approx(1)


def test_seconds_that_no_refresh_counted_in_time_tell_nothing(db: psycopg.Connection) -> None:
    at = AS_OF.replace(microsecond=0)
    refreshed(db, at)
    add_positions(db, (1, at + 10 * SECOND))  # counted at most two minutes later, or never
    refreshed(db, at + 5 * MINUTE)
    add_positions(db, (1, at + 10 * SECOND), (2, at + 4 * MINUTE - SECOND))
    # Of the second at 4:59 min, which ended a minute ago at 5:00, the late report is seen.
    add_positions(db, (2, at + 4 * MINUTE - 61 * SECOND))
    assert truth(db, at + 5 * MINUTE + SECOND)[3:] == (1, 1)


def test_the_counts_are_those_of_the_last_hour(db: psycopg.Connection) -> None:
    at = AS_OF.replace(microsecond=0)
    for minute in range(70):
        refreshed(db, at + minute * MINUTE)
    # 69 min: every second from 9 min to 67:59 was counted.
    assert one(
        db, "select min(second), max(second), count(*) from vessel_activity.first_count"
    ) == (at + 9 * MINUTE, at + 68 * MINUTE - SECOND, 59 * 60)
    assert one(db, "select count(*) from vessel_activity.feed_truth") == (1,)


def test_a_clock_that_was_ahead_leaves_no_counts(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF)  # decades ahead of the clock
    assert one(db, "select count(*) from vessel_activity.first_count") == (60,)
    now = datetime.now(UTC)
    refreshed(db, now)
    assert one(db, "select max(counted_at) from vessel_activity.first_count") == (now,)
    assert one(db, "select count(*) from vessel_activity.first_count") == (60,)


def test_a_state_of_an_earlier_version_is_built_again(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    add_positions(db, (1, AS_OF + MINUTE))
    db.execute("update vessel_activity.state set positions_ahead = null")
    assert truth(db, AS_OF, "rebuild").positions_ahead == 1


def test_a_verification_finds_a_wrong_count_and_repairs_it(db: psycopg.Connection) -> None:
    add_positions(db, (1, datetime.now(UTC) + 30 * MINUTE))
    db.execute("select public.refresh_vessel_activity()")
    db.execute("update vessel_activity.state set positions_ahead = 7")
    found = db.execute(
        "select figure, state, definition from public.vessel_activity_verify() where not equal"
    ).fetchall()
    assert found == [("positions_ahead", "7", "1")]
    assert one(db, "select positions_ahead from vessel_activity.feed_truth") == (1,)


def test_the_json_has_each_part_and_times_in_iso_8601(db: psycopg.Connection) -> None:
    at = AS_OF.replace(microsecond=0)
    add_positions(db, *((1, at - n * SECOND) for n in range(50, 100)), (1, at + SECOND))
    refreshed(db, at)
    add_positions(db, *((2, at - 70 * SECOND) for _ in range(7)))
    refreshed(db, at + SECOND / 2)
    (said,) = one(db, "select public.vessel_activity_feed_at(%s)", at + SECOND / 2)
    # 39 reports are of the seconds from 61 s to 99 s before, and seven came later.
    assert said == {
        "newestReport": "2050-03-13T11:59:10.000Z",
        "reportsLastMinute": 10,
        "lateShareLastHour": 0.1522,
        "positionsAhead": 1,
        "state": "live",
        "lateAfterSeconds": 60,
    }
    # Of an instant at which no refresh was, by the definition.
    (said,) = one(db, "select public.vessel_activity_feed_at(%s)", at + 3 * SECOND)
    assert (said["newestReport"], said["reportsLastMinute"]) == ("2050-03-13T12:00:01.000Z", 9)


# --- the state of the feed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "late_after", "expected"),
    [
        ("60 seconds", "60 seconds", "live"),
        ("60.000001 seconds", "60 seconds", "late"),
        ("5 minutes", "60 seconds", "late"),
        ("300.000001 seconds", "60 seconds", "quiet"),
        ("299 seconds", "10 minutes", "live"),
        ("301 seconds", "10 minutes", "quiet"),
        (None, "60 seconds", None),
    ],
)
def test_one_rule_says_when_the_feed_is_late_or_quiet(
    db: psycopg.Connection, age: str | None, late_after: str, expected: str | None
) -> None:
    found = one(
        db,
        "select vessel_activity.feed_state(t - %s::interval, t, %s) from (select now() as t) as n",
        age,
        late_after,
    )
    assert found == (expected,)


def feed_now(db: psycopg.Connection, arguments: str = "") -> dict[str, Any]:
    return dict(one(db, f"select to_jsonb(f) from vessel_activity.feed_now({arguments}) as f")[0])


def reported(db: psycopg.Connection, age: str) -> None:
    """Insert a report of that age by the server's clock."""
    db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp)'
        " values (1, clock_timestamp() - %s::interval)",
        (age,),
    )


def test_the_newest_report_is_looked_up_between_refreshes(db: psycopg.Connection) -> None:
    reported(db, "90 seconds")
    db.execute("select public.refresh_vessel_activity()")
    late = feed_now(db)
    assert (late["state"], late["looked"], late["reports_last_minute"]) == ("late", True, 0)
    assert 90 <= late["age_seconds"] < 120
    reported(db, "1 second")
    live = feed_now(db)
    assert (live["state"], live["reports_last_minute"]) == ("live", 0)
    db.execute("update vessel_activity.settings set feed_late_after = '0.5 seconds'")
    assert feed_now(db)["state"] == "late"
    assert feed_now(db)["late_after_seconds"] == 0.5


def test_a_look_never_waits_for_a_locked_table(db: psycopg.Connection, url: str) -> None:
    reported(db, "90 seconds")
    db.execute("select public.refresh_vessel_activity()")
    reported(db, "1 second")
    with psycopg.connect(url) as other:
        other.execute("lock table public.vessel_positions")
        began = time.monotonic()
        found = feed_now(db)
        assert time.monotonic() - began < 2
        # What the refresh knew, and when it knew it.
        assert (found["looked"], found["state"]) == (False, "late")
        known = feed_now(db, "clock_timestamp() - interval '2 seconds'")
        assert 2 <= known["age_seconds"] < 4
    assert feed_now(db)["state"] == "live"


def test_without_an_index_the_last_refresh_must_do(db: psycopg.Connection) -> None:
    reported(db, "1 second")
    db.execute("select public.refresh_vessel_activity()")
    db.execute("drop index public.vessel_activity_timestamp_idx")
    reported(db, "0 seconds")
    found = feed_now(db)
    assert (found["looked"], found["state"]) == (False, "live")
    assert found["age_seconds"] >= 1
    # Nobody has looked since, so a report that is old by now says nothing.
    db.execute(
        "update vessel_activity.feed_truth set as_of = as_of - interval '1 hour',"
        " newest_report = newest_report - interval '1 hour'"
    )
    assert feed_now(db)["state"] == "live"
    assert feed_now(db)["age_seconds"] >= 3600


def test_a_source_table_that_is_gone_or_hidden_is_no_error(db: psycopg.Connection) -> None:
    reported(db, "1 second")
    db.execute("select public.refresh_vessel_activity()")
    db.execute("alter table public.vessel_positions rename to gone")
    assert (feed_now(db)["looked"], feed_now(db)["state"]) == (False, "live")
    db.execute("alter table public.gone rename to vessel_positions")
    assert feed_now(db)["looked"] is True


def test_a_standby_looks_for_itself(new_server: Callable[..., LocalServer]) -> None:
    primary, standby = new_server(), new_server()
    primary.start()
    migrate.migrate(primary.url())
    start_standby(primary, standby)
    with psycopg.connect(primary.url(), autocommit=True) as db:
        reported(db, "1 second")
        db.execute("select public.refresh_vessel_activity()")
        reported(db, "0 seconds")
        newest = one(db, "select max(timestamp) from public.vessel_positions")
    with psycopg.connect(standby.url(), autocommit=True) as db:
        look = "select newest_report from vessel_activity.feed_now()"
        eventually(lambda: one(db, look) == newest)
        found = feed_now(db)
        assert (found["looked"], found["state"], found["reports_last_minute"]) == (True, "live", 1)
        # What arrived late is not known there but for the last refresh.
        (said,) = one(db, "select public.vessel_activity_feed_at(now())")
        assert (said["lateShareLastHour"], said["reportsLastMinute"]) == (None, 2)
    for server in (standby, primary):
        server.stop("immediate")
