"""The server tells the truth of the feed: in headers, the stream, readiness and metrics."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.webserver import STATS, WebServer, eventually
from tests.test_server_metrics import samples
from tests.test_server_stream import Events
from vessel_activity.web import listener
from vessel_activity.web.feed_truth import FeedTruth

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def web(url: str, db: psycopg.Connection) -> Iterator[WebServer]:
    """Serve a database with a refresh interval of an hour, as of now with no report."""
    db.execute("select public.vessel_activity_schedule(interval '1 hour')")
    db.execute("select public.refresh_vessel_activity()")
    with WebServer(url) as running:
        eventually(lambda: running.get(STATS).status_code == 200)
        yield running


def report(db: psycopg.Connection, age: str = "0 seconds", number: int = 1) -> datetime:
    """Insert reports of that age by the server's clock, and return their time."""
    row = db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp, speed)'
        " select n, clock_timestamp() - %s::interval, 7 from generate_series(1, %s) as n"
        " returning timestamp",
        (age, number),
    ).fetchall()[-1]
    at: datetime = row[0]
    return at


def late_after(db: psycopg.Connection, limit: str) -> None:
    db.execute("update vessel_activity.settings set feed_late_after = %s", (limit,))


def header(web: WebServer) -> str:
    found: str = web.get(STATS).headers["x-vessel-activity-feed"]
    return found


def told(at: datetime) -> str:
    """Write an instant as the server does."""
    milliseconds = at.microsecond // 1000
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def test_headers_tell_of_the_feed_between_refreshes(web: WebServer, db: psycopg.Connection) -> None:
    # No vessel is active, and there is no report.
    assert header(web) == "quiet; last-minute=0"
    at = report(db, number=3)
    # The reports of the last minute are those of the last refresh.
    eventually(lambda: header(web) == f'live; newest="{told(at)}"; last-minute=0')
    db.execute("select public.refresh_vessel_activity()")
    eventually(lambda: header(web) == f'live; newest="{told(at)}"; last-minute=3')
    tag = web.get(STATS).headers["etag"]
    unchanged = web.get(STATS, {"if-none-match": tag})
    assert unchanged.status_code == 304
    assert unchanged.headers["x-vessel-activity-feed"].startswith("live; newest=")


def test_a_feed_that_stops_is_told_within_five_seconds_of_being_late(
    web: WebServer, db: psycopg.Connection
) -> None:
    late_after(db, "10 seconds")
    at = report(db)
    events = Events(web.address)
    while (heartbeat := events.next_heartbeat())["feed"].get("newestReport") != told(at):
        pass
    assert heartbeat["feed"]["state"] == "live"
    while (heartbeat := events.next_heartbeat())["feed"]["state"] != "late":
        pass
    # By the clock of the database, as the server knows it.
    late_since = heartbeat["now"] / 1000 - at.timestamp() - 10
    assert 0 <= late_since < 5
    assert heartbeat["feed"] == {
        "state": "late",
        "newestReport": told(at),
        "reportsLastMinute": 0,
        "lateShareLastHour": None,
        "positionsAhead": 0,
        "lateAfterSeconds": 10,
    }
    again = report(db)
    while (heartbeat := events.next_heartbeat())["feed"]["newestReport"] != told(again):
        pass
    events.close()


def test_strict_readiness_needs_a_live_feed(web: WebServer, db: psycopg.Connection) -> None:
    report(db, "90 seconds")
    db.execute("select public.refresh_vessel_activity()")
    strict = eventually(lambda: (got := web.get("/readyz?strict").json())["feed"] == "late" and got)
    assert strict["ready"] is False
    (problem,) = strict["problems"]
    assert problem.startswith("feed: the newest report is ")
    assert problem.endswith(" s old, more than 60 s; run `vessel-activity status`")
    assert web.get("/readyz?strict").status_code == 503
    plain = web.get("/readyz")
    assert (plain.status_code, plain.json()["problems"]) == (200, [])
    assert plain.json()["feed"] == "late"
    at = report(db)
    eventually(lambda: web.get("/readyz?strict").status_code == 200)
    assert web.get("/readyz?strict=").json()["newestReport"] == told(at)


def test_metrics_tell_of_the_reports(web: WebServer, db: psycopg.Connection) -> None:
    report(db, "90 seconds", 2)
    report(db, "-30 minutes", 3)
    found = eventually(
        lambda: (
            (got := samples(web)).get(("reports_late",)) == 1
            and ("newest_report_age_seconds",) in got
            and got
        )
    )
    assert 90 <= found["newest_report_age_seconds",] < 150
    assert ("late_share_last_hour",) not in found  # nothing is known of any report
    report(db, number=5)
    db.execute("select public.refresh_vessel_activity()")
    found = eventually(lambda: (got := samples(web)).get(("reports_last_minute",)) == 5 and got)
    assert found["positions_ahead",] == 3
    assert found["reports_late",] == 0
    db.execute("update vessel_activity.feed_truth set timed_last_hour = 8, late_last_hour = 3")
    eventually(lambda: samples(web).get(("late_share_last_hour",)) == 0.375)


def test_a_locked_source_table_keeps_no_figures_back(
    web: WebServer, db: psycopg.Connection, url: str
) -> None:
    at = report(db)
    eventually(lambda: told(at) in header(web))
    with psycopg.connect(url) as other:
        other.execute("lock table public.vessel_positions")
        db.execute("update public.vessel_activity_realtime set active_now = 77")
        db.execute("notify vessel_activity")
        eventually(lambda: web.get(STATS).json()["activeNow"] == 77)
        # Nothing newer can be known, but what is known stays.
        assert told(at) in header(web)
        assert web.get("/readyz").json()["database"] == "listening"


def test_a_database_of_an_earlier_version_serves_its_figures(
    db: psycopg.Connection, url: str
) -> None:
    db.execute("select public.refresh_vessel_activity()")
    db.execute("drop function vessel_activity.feed_now(timestamptz, boolean) cascade")
    with WebServer(url) as web:
        answer = eventually(lambda: (got := web.get(STATS)).status_code == 200 and got)
        assert answer.headers["x-vessel-activity-feed"] == "quiet"
        assert web.get("/readyz").json()["newestReport"] is None
        assert ("newest_report_age_seconds",) not in samples(web)
        assert ("reports_late",) in samples(web)


def test_by_default_a_frozen_feed_is_told_within_65_seconds(db: psycopg.Connection) -> None:
    row = db.execute("select late_after_seconds from vessel_activity.feed_now()").fetchone()
    assert row is not None
    assert row[0] + listener.AFTER_LATE_SECONDS < 61
    # Even if the look at that moment failed, the next one follows.
    assert row[0] + listener.REREAD_SECONDS <= 65


def truth(**changes: Any) -> FeedTruth:  # noqa: ANN401
    known: dict[str, Any] = {
        "newest_report": datetime(2026, 1, 1, tzinfo=UTC),
        "age_seconds": 20.0,
        "state": "live",
        "looked": True,
        "late_after_seconds": 60.0,
        "quiet_after_seconds": 300.0,
        "as_of": None,
        "reports_last_minute": None,
        "late_share_last_hour": None,
        "positions_ahead": None,
        "read_at": 1000.0,
    }
    return FeedTruth(**{**known, **changes})


def test_the_server_knows_when_to_look_again() -> None:
    assert truth().changes_in(1000) == 40
    assert truth().changes_in(1030) == 10
    assert truth().changes_in(1041) == 239  # late by now; quiet comes next
    assert truth(age_seconds=301.0).changes_in(1000) == float("inf")
    assert truth(late_after_seconds=400.0).changes_in(1000) == 280
    # Nobody has looked, so only the next refresh can bring news.
    assert truth(looked=False).changes_in(1000) == float("inf")
    assert truth(newest_report=None, age_seconds=None).changes_in(time.monotonic()) == float("inf")
