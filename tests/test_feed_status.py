# ruff: noqa: E501 - messages read best unbroken
"""The status and the metrics tell of each live feed: connected, silent, behind, rejecting, wrong clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.feed_batches import Feed, Report
from tests.support.webserver import WebServer
from tests.test_status import Check, status

if TYPE_CHECKING:
    import psycopg

SECOND = timedelta(seconds=1)
CONNECTED = {"name": "harbour", "address": "tcp://harbour:1", "state": "connected"}


def told(db: psycopg.Connection) -> Check:
    return status(db)["feed harbour"]


def fed(db: psycopg.Connection, **given: Any) -> Feed:  # noqa: ANN401 - JSON
    """Feed a position that has arrived just now."""
    feed = Feed(db)
    given.setdefault("newest_arrival_at", str(datetime.now(UTC)))
    feed.send(Report(at=datetime.now(UTC)), **given)
    return feed


def test_without_feeds_there_is_no_check_of_them(db: psycopg.Connection) -> None:
    assert [name for name in status(db) if name.startswith("feed ")] == []


def test_a_feed_that_is_connected_and_brings_messages_is_ok(db: psycopg.Connection) -> None:
    fed(db)
    check = told(db)
    assert (check.state, check.hint) == ("ok", None)
    assert check.detail.startswith(
        "connected to tcp://harbour:1; the newest message arrived 00:00:0"
    )


def test_a_feed_that_ended_in_order_has_no_check(db: psycopg.Connection) -> None:
    feed = fed(db)
    feed.send(now={"sources": [CONNECTED | {"state": "ended"}]})
    db.execute("update vessel_activity.feed set heard_at = now() - interval '1 day'")
    assert "feed harbour" not in status(db)


def test_a_feed_that_is_not_heard_of_fails_with_its_process(db: psycopg.Connection) -> None:
    fed(db)
    db.execute(
        "update vessel_activity.feed set heard_at = clock_timestamp() - interval '30 seconds'"
    )
    assert told(db).state == "ok"
    db.execute(
        "update vessel_activity.feed set heard_at = clock_timestamp() - interval '40 seconds'"
    )
    check = told(db)
    assert check.state == "fail"
    assert check.detail.startswith("nothing was heard of the feed for 00:00:4")
    assert check.detail.endswith("; it was process 4711 on lighthouse")
    assert check.hint is not None
    assert check.hint.endswith("delete from vessel_activity.feed where source = 'harbour'.")


@pytest.mark.parametrize(
    ("state", "age", "expected"),
    [("waiting", 1, "warn"), ("waiting", 60, "fail"), ("connecting", 1, "ok"), ("connecting", 60, "fail")],
)  # fmt: skip
def test_a_feed_that_is_not_connected_tells_the_error(
    db: psycopg.Connection, state: str, age: int, expected: str
) -> None:
    feed = fed(db)
    since = datetime.now(UTC) - age * SECOND
    feed.send(
        now={
            "sources": [CONNECTED | {"state": state, "since": since, "error": "connection refused"}]
        }
    )
    check = told(db)
    assert check.state == expected
    if expected != "ok":
        assert check.detail.startswith("not connected to tcp://harbour:1 for 00:0")
        assert check.detail.endswith(": connection refused")


@pytest.mark.parametrize(
    ("state", "silent_for", "silence", "expected"),
    [
        ("connected", 50, 60, "ok"),
        ("connected", 70, 60, "warn"),
        ("silent", 70, 60, "warn"),
        ("connected", 70, 120, "ok"),
        ("connected", 700, 60, "fail"),
    ],
)
def test_a_feed_without_messages_is_silent(
    db: psycopg.Connection, state: str, silent_for: int, silence: int, expected: str
) -> None:
    arrived = datetime.now(UTC) - silent_for * SECOND
    feed = fed(db, newest_arrival_at=str(arrived))
    feed.send(now={"sources": [CONNECTED | {"state": state, "silence": silence}]})
    check = told(db)
    assert check.state == expected
    assert check.detail.startswith("connected, but silent: no message for 00:") == (
        expected != "ok"
    )


def test_a_feed_that_never_brought_a_message_is_silent_after_a_while(
    db: psycopg.Connection,
) -> None:
    feed = Feed(db)
    feed.send(now={"sources": [CONNECTED | {"since": datetime.now(UTC) - 70 * SECOND}]})
    assert told(db)[:2] == ("warn", "connected, but no message has come yet")


@pytest.mark.parametrize(("age", "expected"), [(20, "ok"), (40, "warn"), (400, "fail")])
def test_a_feed_whose_reports_wait_is_behind(
    db: psycopg.Connection, age: int, expected: str
) -> None:
    feed = fed(db, newest_arrival_at=str(datetime.now(UTC) - age * SECOND))
    now = datetime.now(UTC)
    feed.send(now={"waiting": 812, "waiting_since": now - age * SECOND, "sent_at": now})
    check = told(db)
    assert check.state == expected
    if expected != "ok":  # what waits is not taken for silence
        assert check.detail == (
            f"behind: 812 reports wait to be filed, the oldest since {timedelta(seconds=age)!s:0>8}"
        )


@pytest.mark.parametrize(("rejected", "expected"), [(10, "ok"), (12, "warn")])
def test_a_feed_that_rejects_more_than_a_tenth_tells_the_reasons(
    db: psycopg.Connection, rejected: int, expected: str
) -> None:
    fed(db, ignored={"4": 99}, rejected={"wrong checksum": rejected - 1, "too long": 1})
    check = told(db)
    assert check.state == expected
    if expected == "warn":
        assert check.detail.startswith(f"{rejected} of {100 + rejected} messages since ")
        assert check.detail.endswith(" were rejected, most often: wrong checksum; too long")


def test_only_the_last_minutes_count_for_the_share_of_rejected_messages(
    db: psycopg.Connection,
) -> None:
    feed = fed(db, rejected={"wrong checksum": 50})
    assert told(db).state == "warn"
    for age in ("11 minutes", "21 minutes"):
        db.execute(
            """
            update vessel_activity.feed as f set recent = (
              select jsonb_agg(jsonb_set(b, '{from}', to_jsonb((b ->> 'from')::timestamptz - %s::interval)))
              from jsonb_array_elements(f.recent) as b)
            """,
            ("11 minutes",),
        )
        feed.send(Report(at=datetime.now(UTC)), newest_arrival_at=str(datetime.now(UTC)))
        assert (age, told(db).state) == (age, "warn" if age == "11 minutes" else "ok")
    row = db.execute(
        "select rejected, jsonb_array_length(recent) from vessel_activity.feed"
    ).fetchone()
    assert row == (50, 2)


def test_a_wrong_clock_of_the_source_and_of_the_feed_are_told(db: psycopg.Connection) -> None:
    feed = fed(db, clock_ahead=3, clock_behind=1, ignored={"4": 3})
    check = told(db)
    assert check.state == "warn"
    assert check.detail.startswith("the clock of the source is wrong: since ")
    assert check.detail.endswith(
        ", 3 of 4 messages were stamped more than a minute ahead of their arrival, and 1 more than a day behind it"
    )

    sent_at = datetime.now(UTC) + timedelta(hours=2)
    feed.send(now={"sent_at": sent_at}, newest_arrival_at=str(sent_at))
    assert "; the clock of lighthouse is 0" in told(db).detail  # 01:59:59 or 02:00:00
    assert told(db).detail.endswith(" ahead of that of the database server")


def test_messages_that_were_lost_fail_the_check(db: psycopg.Connection) -> None:
    fed(db, dropped=17)
    check = told(db)
    assert check.state == "fail"
    assert check.detail.startswith("17 messages were lost since ")


def test_a_feed_that_fills_only_one_of_the_tables_says_which(db: psycopg.Connection) -> None:
    feed = Feed(db)
    arrived = str(datetime.now(UTC))
    feed.send(ignored={"4": 999}, newest_arrival_at=arrived)
    assert told(db).state == "ok"
    feed.send(ignored={"4": 1})
    assert told(db)[:2] == (
        "warn",
        "none of the 1000 messages was the position of a ship, so public.vessel_positions is not filled",
    )
    db.execute(
        "update vessel_activity.feed set positions = 9999, messages = messages + 9999, newest_arrival_at = now()"
    )
    assert told(db).state == "ok"
    assert "static" not in told(db).detail
    feed.send(Report(at=datetime.now(UTC)))
    assert told(db).state == "ok"
    assert told(db).detail.endswith(
        " ago; it has brought no static data, so names and types of ships stay unknown"
    )


def test_metrics_tell_of_each_feed(url: str, db: psycopg.Connection) -> None:
    now = datetime.now(UTC)
    feed = fed(
        db,
        ignored={"4": 5},
        rejected={'bad "line"': 2},
        reconnects=3,
        dropped=4,
        clock_behind=6,
        newest_arrival_at=str(now),
    )
    feed.send(
        Report(at=now - 30 * SECOND),
        now={"waiting": 7, "waiting_bytes": 800, "sent_at": now, "waiting_since": now - 9 * SECOND},
    )
    with WebServer(url) as web:
        value = {
            (s.name.removeprefix("vessel_activity_feed_"), *s.labels.values()): s.value
            for family in text_string_to_metric_families(web.get("/metrics").text)
            for s in family.samples
            if s.name.startswith("vessel_activity_feed_")
        }

    heard = value.pop(("heard_seconds", "harbour"))
    report = value.pop(("newest_report_timestamp_seconds", "harbour"))
    assert 0 <= heard < 35
    assert abs(report - now.timestamp()) < 35
    assert value == {
        ("up", "harbour"): 1,
        ("messages_total", "position", "harbour"): 2,
        ("messages_total", "duplicate", "harbour"): 0,
        ("messages_total", "static", "harbour"): 0,
        ("messages_total", "ignored", "harbour"): 5,
        ("messages_total", "rejected", "harbour"): 2,
        ("rejected_total", 'bad "line"', "harbour"): 2,
        ("reconnects_total", "harbour"): 3,
        ("dropped_total", "harbour"): 4,
        ("clock_wrong_total", "ahead", "harbour"): 0,
        ("clock_wrong_total", "behind", "harbour"): 6,
        ("newest_arrival_timestamp_seconds", "harbour"): pytest.approx(now.timestamp(), abs=0.001),
        ("waiting", "harbour"): 7,
        ("waiting_bytes", "harbour"): 800,
        ("waiting_seconds", "harbour"): 9,
    }


def test_only_a_feed_that_should_run_is_up_or_down(url: str, db: psycopg.Connection) -> None:
    feed = fed(db)
    states = ("connected", "ended", "silent", "waiting")
    sources = [{"name": f"is {state}", "state": state} for state in states]
    feed.send(now={"sources": [*sources, CONNECTED]})
    db.execute(
        "update vessel_activity.feed set heard_at = now() - interval '40 seconds' where source = 'harbour'"
    )
    with WebServer(url) as web:
        text = web.get("/metrics").text
    assert {
        line.partition("{")[2]
        for line in text.splitlines()
        if line.startswith("vessel_activity_feed_up{")
    } == {
        'source="harbour"} 0.0',
        'source="is connected"} 1.0',
        'source="is silent"} 0.0',
        'source="is waiting"} 0.0',
    }
