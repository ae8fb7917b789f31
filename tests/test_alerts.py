"""Rules raise and clear alerts, in time and without flapping, and harm no refresh."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.history import one
from tests.test_status import status
from tests.test_usual import WEEK, add_hour

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = datetime(2026, 3, 4, 12, 34, 56, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DEFAULTS = [
    ("Below usual", "active_now", "below", None, None),
    ("Feed late", "feed_overdue_seconds", "above", 0, 30 * SECOND),
    ("Refresh failing", "failed_refreshes", "above", 0, MINUTE),
    ("Row stale", "row_overdue_seconds", "above", 0, 30 * SECOND),
]


@pytest.fixture
def rules(database: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Give a session on a database without rules and alerts."""
    database.execute(
        "delete from vessel_activity.alert; update vessel_activity.watching set error = null,"
        " error_at = null, delivered = 0, failed = 0, given_up = 0;"
        " update vessel_activity.settings set alert_clear_after = default"
    )
    with database.transaction(force_rollback=False):
        kept = database.execute("select * from vessel_activity.watch").fetchall()
        database.execute("delete from vessel_activity.watch")
    yield database
    database.execute("delete from vessel_activity.watch")
    for rule in kept:
        database.execute(
            "insert into vessel_activity.watch values (%s, %s, %s, %s, %s, %s)", rule[:6]
        )


def watch(connection: psycopg.Connection, *values: object) -> str:
    names = ["text", "text", "text", "numeric", "interval", "text"][: len(values)]
    marks = ", ".join(f"%s::{name}" for name in names)
    said: str = one(connection, f"select public.vessel_activity_watch({marks})", *values)
    return said


def evaluate(connection: psycopg.Connection, at: datetime, active_now: int | None) -> None:
    """Evaluate the rules at an instant at which so many vessels are active; None: unknown."""
    connection.execute("delete from public.vessel_activity_realtime")
    connection.execute(
        "insert into public.vessel_activity_realtime values"
        " ('singleton', %s, 2, 3, 4, 5, '{}', '[]', 6.5, %s)",
        (active_now or 0, at if active_now is not None else at - HOUR),
    )
    connection.execute("select vessel_activity.evaluate_watch(%s, false)", (at,))


def alerts(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select name, value, since, raised_at, cleared_at, text from vessel_activity.alert"
        " order by id"
    ).fetchall()


def test_four_rules_are_watched_by_default(db: psycopg.Connection) -> None:
    found = db.execute(
        "select name, figure, comparison, threshold, for_at_least from vessel_activity.watch"
        " order by name"
    ).fetchall()
    assert found == DEFAULTS


def test_an_alert_is_raised_in_time_and_cleared_in_time(rules: psycopg.Connection) -> None:
    said = watch(rules, "Few", "active_now", "below", 100, 3 * MINUTE)
    assert said == "Few: an alert is raised when active_now is below 100 for 00:03:00"
    evaluate(rules, AT, 100)
    evaluate(rules, AT + MINUTE, 99)
    evaluate(rules, AT + 4 * MINUTE - SECOND, 12)
    assert alerts(rules) == []
    evaluate(rules, AT + 4 * MINUTE, 87)
    raised = ("Few", 87, AT + MINUTE, AT + 4 * MINUTE)
    text = "Few: 87 vessels are active now, below 100"
    assert alerts(rules) == [(*raised, None, text)]
    evaluate(rules, AT + 5 * MINUTE, 100)
    evaluate(rules, AT + 7 * MINUTE - SECOND, 100)
    assert alerts(rules) == [(*raised, None, text)]
    evaluate(rules, AT + 7 * MINUTE, 100)
    assert alerts(rules) == [(*raised, AT + 7 * MINUTE, text)]
    events = rules.execute(
        "select event, text from vessel_activity.alert_event order by made_at"
    ).fetchall()
    assert events == [("raised", text), ("cleared", "Few is over: it lasted 00:04:00")]


def test_an_unknown_figure_changes_nothing(rules: psycopg.Connection) -> None:
    watch(rules, "Few", "active_now", "below", 100, 3 * MINUTE)
    evaluate(rules, AT, None)
    since = "select coalesce(true_since, false_since) from vessel_activity.watch"
    assert one(rules, since) is None
    evaluate(rules, AT + MINUTE, 99)
    evaluate(rules, AT + 5 * MINUTE, None)
    assert alerts(rules) == []
    evaluate(rules, AT + 6 * MINUTE, 98)
    assert [row[:4] for row in alerts(rules)] == [("Few", 98, AT + MINUTE, AT + 6 * MINUTE)]
    for minutes in range(7, 20):
        evaluate(rules, AT + minutes * MINUTE, None)
    assert alerts(rules)[0][4] is None


def expected_alerts(
    series: list[tuple[datetime, bool | None]], wait: timedelta, calm: timedelta
) -> list[tuple[datetime, datetime, datetime | None]]:
    """Tell when alerts are raised and cleared, by the words of the manual."""
    found: list[list[Any]] = []
    known: list[tuple[datetime, bool]] = []
    for at, is_true in series:
        if is_true is None:
            continue
        known.append((at, is_true))
        others = [number for number, each in enumerate(known) if each[1] != is_true]
        since = known[others[-1] + 1 if others else 0][0]
        is_open = bool(found) and found[-1][2] is None
        if is_true and not is_open and at - since >= wait:
            found.append([since, at, None])
        elif not is_true and is_open:
            lately = sum(1 for each in found if each[1] > at - HOUR)
            if at - since >= min(calm * 2 ** max(lately - 1, 0), HOUR):
                found[-1][2] = at
    return [(since, raised, cleared) for since, raised, cleared in found]


@pytest.mark.parametrize("seed", range(6))
def test_random_series_raise_and_clear_as_the_manual_says(
    rules: psycopg.Connection, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a series to repeat
    wait, calm = chance.choice([(0, 2), (2, 2), (1, 5), (4, 0)])
    rules.execute("update vessel_activity.settings set alert_clear_after = %s", (calm * MINUTE,))
    watch(rules, "Few", "active_now", "below", 100, wait * MINUTE)
    at, value = AT, True
    series: list[tuple[datetime, bool | None]] = []
    for _ in range(150):
        at += chance.choice([1, 30, 60, 61, 119, 120]) * SECOND
        value = value if chance.random() < 0.6 else not value
        series.append((at, None if chance.random() < 0.1 else value))
    for instant, is_true in series:
        evaluate(rules, instant, None if is_true is None else 50 if is_true else 150)
    expected = expected_alerts(series, wait * MINUTE, calm * MINUTE)
    assert [row[2:5] for row in alerts(rules)] == expected
    assert len(expected) > 1


def test_a_condition_that_comes_and_goes_for_a_day_raises_few_alerts(
    rules: psycopg.Connection,
) -> None:
    watch(rules, "Few", "active_now", "below", 100)
    for minutes in range(6 * 60):
        evaluate(rules, AT + minutes * MINUTE, 50 if minutes % 6 < 3 else 150)
    # Sixty times it came and went, each time for longer than alert_clear_after.
    assert len(alerts(rules)) == 12
    assert [(row[3] - AT) // MINUTE for row in alerts(rules)][:3] == [0, 6, 66]


def test_what_is_usual_is_a_threshold(rules: psycopg.Connection) -> None:
    said = watch(rules, "Fewer", "active_now", "below")
    assert said == "Fewer: an alert is raised when active_now is below usual for 00:10:00"
    watch(rules, "More", "active_now", "above", None, 0 * MINUTE)
    add_hour(rules, AT.replace(minute=0, second=0) - WEEK, 1000)
    evaluate(rules, AT, 1)
    # One week makes no habit.
    assert rules.execute("select count(true_since) from vessel_activity.watch").fetchone() == (0,)
    add_hour(rules, AT.replace(minute=0, second=0) - 2 * WEEK, 1000)
    # The band is 950 to 1050. A fifth below is 760, a fifth above 1260.
    evaluate(rules, AT, 760)
    evaluate(rules, AT + MINUTE, 759)
    evaluate(rules, AT + 11 * MINUTE, 759)
    evaluate(rules, AT + 12 * MINUTE, 1260)
    evaluate(rules, AT + 13 * MINUTE, 1261)
    assert [(row[0], row[2], row[3], row[5]) for row in alerts(rules)] == [
        (
            "Fewer",
            AT + MINUTE,
            AT + 11 * MINUTE,
            "Fewer: 759 vessels are active now, below the usual 950 to 1050",
        ),
        (
            "More",
            AT + 13 * MINUTE,
            AT + 13 * MINUTE,
            "More: 1261 vessels are active now, above the usual 950 to 1050",
        ),
    ]


@pytest.mark.parametrize(
    ("values", "sqlstate", "message"),
    [
        ([" Few", "active_now", "below", 1], "22023", "' Few' can't be the name of a rule"),
        ([None, "active_now", "below", 1], "22023", "NULL can't be the name of a rule"),
        (["Few", "actve_now", "below", 1], "22023", "unknown figure 'actve_now'"),
        (["Few", "entered", "below", 1], "22023", "unknown figure 'entered'"),
        (["Few", "active_now", "<", 1], "22023", "unknown comparison '<'"),
        (
            ["Few", "failed_refreshes", "above"],
            "22023",
            "nothing is known about what is usual for failed_refreshes",
        ),
        (["Few", "active_now", "below", Decimal("NaN")], "22023", "NaN can't be a threshold"),
        (
            ["Few", "active_now", "below", 1, timedelta(days=8)],
            "22023",
            "a condition can't be watched for 8 days",
        ),
    ],
)
def test_a_rule_that_can_not_be_is_refused(
    rules: psycopg.Connection, values: list[Any], sqlstate: str, message: str
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        watch(rules, *values)
    assert (refused.value.sqlstate, refused.value.diag.message_primary) == (sqlstate, message)
    assert refused.value.diag.message_hint
    assert one(rules, "select count(*) from vessel_activity.watch") == 0


def test_the_hint_names_every_figure(rules: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refused:
        watch(rules, "Few", "x", "below", 1)
    assert refused.value.diag.message_hint == (
        "Use one of: active_now, active_last_hour, active_last_24h, total_vessels,"
        " positions_last_hour, speed_avg, reports_last_minute, late_share_last_hour,"
        " positions_ahead, newest_report_age_seconds, feed_overdue_seconds, row_overdue_seconds,"
        " failed_refreshes."
    )
    # Each of them has a value, or none is known: none is forgotten.
    told = rules.execute("select figure from vessel_activity.watched_figures(now(), false)")
    assert ", ".join(row[0] for row in told) in refused.value.diag.message_hint


def test_an_area_is_watched(rules: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject, match="there is no area 'Bay'"):
        watch(rules, "Port", "active_now", "above", 5, None, "Bay")
    square = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}
    rules.execute("select public.vessel_activity_area_put('Bay', %s)", (json.dumps(square),))
    rules.execute(
        "insert into public.vessels (mmsi) select 219000000 + n from generate_series(1, 4) as n;"
        ' insert into public.vessel_positions ("vesselId", timestamp, latitude, longitude, speed)'
        " select row_number() over (), now(), 1, row_number() over (), 5 from public.vessels"
    )
    said = watch(rules, "Port", "active_now", "above", 1, None, "Bay")
    assert said == "Port: an alert is raised when active_now of Bay is above 1 for 00:00:00"
    watch(rules, "Port too", "active_now", "above", 2, None, "Bay")
    watch(rules, "Sea", "active_now", "above", 3)
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refused:
        watch(rules, "Port", "speed_avg", "above", 1, None, "Bay")
    assert refused.value.diag.message_hint == (
        "Use one of: active_now, active_last_hour, active_last_24h, entered, departed, mean_speed."
    )
    rules.execute(
        "update vessel_activity.activity set as_of = as_of - interval '1 hour';"
        " select public.refresh_vessel_activity()"
    )
    # Two of the four vessels are in the area: at 1 and 2 degrees east, on its edge.
    assert sorted((row[0], row[1], row[5]) for row in alerts(rules)) == [
        ("Port", 2, "Port: Bay: 2 vessels are active now, above 1"),
        ("Sea", 4, "Sea: 4 vessels are active now, above 3"),
    ]
    rules.execute("select public.vessel_activity_area_remove('Bay')")
    for minutes in (1, 3):
        at = datetime.now(UTC) + minutes * MINUTE
        rules.execute("select vessel_activity.evaluate_watch(%s, false)", (at,))
    assert [row[0] for row in alerts(rules) if row[4] is None] == ["Sea"]


def test_a_rule_that_is_removed_clears_its_alert(rules: psycopg.Connection) -> None:
    watch(rules, "Few", "active_now", "below", 100)
    evaluate(rules, AT, 99)
    revision = one(rules, "select revision from vessel_activity.watching")
    rules.execute("select public.vessel_activity_unwatch('Few')")
    assert alerts(rules)[0][4] is not None
    assert one(rules, "select revision from vessel_activity.watching") == revision + 1
    assert one(rules, "select text from vessel_activity.alert_event where event = 'cleared'") == (
        "Few is over: its rule was removed"
    )
    with pytest.raises(psycopg.errors.UndefinedObject, match="there is no rule 'Few'"):
        rules.execute("select public.vessel_activity_unwatch('Few')")


def test_old_alerts_are_deleted_and_open_ones_stay(rules: psycopg.Connection) -> None:
    watch(rules, "Open", "active_now", "below", 100)
    watch(rules, "Few", "active_now", "below", 90)
    evaluate(rules, AT, 80)
    evaluate(rules, AT + MINUTE, 95)
    evaluate(rules, AT + 3 * MINUTE, 95)
    evaluate(rules, AT + timedelta(days=90), 80)
    assert [row[3] for row in alerts(rules)] == [AT, AT, AT + timedelta(days=90)]
    evaluate(rules, AT + timedelta(days=90) + MINUTE, 95)
    evaluate(rules, AT + timedelta(days=90) + 3 * MINUTE + SECOND, 95)
    assert [(row[0], row[3]) for row in alerts(rules)] == [
        ("Open", AT),
        ("Few", AT + timedelta(days=90)),
    ]


def test_one_session_at_a_time_evaluates(rules: psycopg.Connection, module_url: str) -> None:
    watch(rules, "Few", "active_now", "below", 100)
    with psycopg.connect(module_url) as other:
        evaluate(other, AT, 99)
        # The other one has not committed. Nobody waits for it, and nothing is raised twice.
        assert one(rules, "select vessel_activity.evaluate_watch(%s, false)", AT) is False
    evaluate(rules, AT + MINUTE, 99)
    assert len(alerts(rules)) == 1


def test_failed_refreshes_raise_an_alert(db: psycopg.Connection) -> None:
    db.execute("select public.refresh_vessel_activity()")
    failed = "select vessel_activity.log_failure('fallback', now(), '40001', 'no')"
    db.execute(failed)
    assert alerts(db) == []
    db.execute(
        "update vessel_activity.watch set true_since = true_since - interval '1 minute'"
        " where name = 'Refresh failing'"
    )
    db.execute(failed)
    (alert,) = alerts(db)
    assert (alert[0], alert[1]) == ("Refresh failing", 2)
    assert alert[5] == "Refresh failing: refreshes that have failed in a row: 2"
    db.execute("select public.refresh_vessel_activity()")
    db.execute("update vessel_activity.watch set false_since = false_since - interval '2 minutes'")
    db.execute("select public.refresh_vessel_activity()")
    assert alerts(db)[0][4] is not None


def test_a_server_raises_what_a_dead_refresh_can_not(db: psycopg.Connection) -> None:
    db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp)'
        " values (1, now() - interval '100 seconds')"
    )
    db.execute("select public.refresh_vessel_activity()")
    db.execute("select * from vessel_activity.tend_alerts()")
    assert alerts(db) == []
    db.execute(
        "update public.vessel_activity_realtime set updated_at = now() - interval '90 seconds';"
        " update vessel_activity.watch set true_since = now() - interval '31 seconds'"
        " where name = 'Feed late'"
    )
    assert db.execute("select * from vessel_activity.tend_alerts()").fetchone() == (True, True)
    (late,) = alerts(db)
    assert late[0] == "Feed late"
    assert 40 <= late[1] < 600
    db.execute(
        "update vessel_activity.watch set true_since = now() - interval '31 seconds'"
        " where name = 'Row stale' and true_since > now() - interval '30 seconds'"
    )
    db.execute("select * from vessel_activity.tend_alerts()")
    stale = alerts(db)[1]
    # The row went out of date after 34 seconds.
    assert stale[0] == "Row stale"
    assert 56 <= stale[1] < 600
    assert stale[5] == f"Row stale: the figures have been out of date for {float(stale[1]):g} s"
    document = json.loads(one(db, "select body from vessel_activity.serving_activity(null)"))
    assert [alert["name"] for alert in document["alerts"]] == ["Row stale", "Feed late"]
    assert document["alerts"][0]["text"] == stale[5]
    assert document["alerts"][0]["clearedAt"] is None
    assert document["alerts"][1]["threshold"] == 0


def test_a_document_is_sent_again_when_an_alert_changes(rules: psycopg.Connection) -> None:
    rules.execute("select public.refresh_vessel_activity()")
    known = rules.execute(
        "select as_of, alerts from vessel_activity.serving_activity(null)"
    ).fetchone()
    again = "select body from vessel_activity.serving_activity(%s, %s)"
    assert known is not None
    assert one(rules, again, *known) is None
    watch(rules, "Few", "active_now", "below", 100)
    evaluate(rules, AT, 99)
    assert json.loads(one(rules, again, *known))["alerts"][0]["name"] == "Few"


def test_broken_rules_fail_no_refresh_and_the_status_says_so(db: psycopg.Connection) -> None:
    db.execute("alter table vessel_activity.alert rename column since to other")
    notices: list[str] = []
    db.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
    for _ in range(2):
        before = one(db, "select updated_at from public.vessel_activity_realtime")
        db.execute("select public.refresh_vessel_activity()")
        assert one(db, "select updated_at from public.vessel_activity_realtime") > before
    # The warning comes once.
    assert [notice[:60] for notice in notices] == [
        "the rules of vessel_activity.watch could not be evaluated: 4"
    ]
    assert one(db, "select vessel_activity.announce()") is True
    db.execute("alter table vessel_activity.alert rename column other to since")
    found = status(db)["alerts"]
    assert found.state == "fail"
    assert "the rules could not be evaluated since" in found.detail
    db.execute("select public.refresh_vessel_activity()")
    assert status(db)["alerts"].detail == "no alert is open; 4 rules are watched"
    db.execute("drop table vessel_activity.alert cascade; drop table vessel_activity.watching")
    db.execute("select public.refresh_vessel_activity()")
    assert one(db, "select vessel_activity.announce()") is True


def test_the_status_lists_open_alerts(rules: psycopg.Connection) -> None:
    watch(rules, "Few", "active_now", "below", 100)
    watch(rules, "Many", "active_now", "above", 10)
    assert status(rules)["alerts"].state == "ok"
    evaluate(rules, AT, 99)
    found = status(rules)["alerts"]
    assert found.state == "warn"
    assert found.detail.startswith(
        "2 alerts are open: Few: 99 vessels are active now, below 100 (since 2026-03-04 12:34:56"
    )
    rules.execute(
        "update vessel_activity.alert_event set attempts = 3, error = 'the receiver answered 404'"
        " where alert_id = (select min(id) from vessel_activity.alert)"
    )
    found = status(rules)["alerts"]
    assert found.detail.endswith(": 1 (the receiver answered 404)")
    assert "VESSEL_ACTIVITY_WEBHOOK_URL" in str(found.hint)


def test_each_event_is_announced_once(rules: psycopg.Connection, module_url: str) -> None:
    rules.execute("select public.refresh_vessel_activity(); select vessel_activity.announce()")
    with psycopg.connect(module_url, autocommit=True) as listening:
        listening.execute("listen vessel_activity; listen vessel_activity_alert")
        watch(rules, "Few", "active_now", "below", 100)
        rules.execute("select vessel_activity.evaluate_watch(now(), false)")
        assert one(rules, "select vessel_activity.announce()") is True
        assert one(rules, "select vessel_activity.announce()") is False
        rules.execute("notify vessel_activity, 'end'")
        *told, end = listening.notifies(timeout=10, stop_after=2)
    assert end.payload == "end"
    (hint,) = told
    assert hint.channel == "vessel_activity_alert"
    body = json.loads(hint.payload)
    key, raised = rules.execute(
        "select key::text, raised_at from vessel_activity.alert_event, vessel_activity.alert"
    ).fetchone() or (None, None)
    milliseconds = f"{raised.microsecond // 1000:03d}" if raised else ""
    instant = f"{raised.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds}Z" if raised else ""
    text = "Few: 0 vessels are active now, below 100"
    assert body == {
        "text": text,
        "id": key,
        "event": "raised",
        "alert": {
            "name": "Few",
            "area": None,
            "figure": "active_now",
            "comparison": "below",
            "threshold": 100,
            "usualLow": None,
            "usualHigh": None,
            "value": 0,
            "since": instant,
            "raisedAt": instant,
            "clearedAt": None,
            "text": text,
        },
    }


def claim(connection: psycopg.Connection) -> tuple[Any, ...]:
    row = connection.execute(
        "select alert_id, event, attempt from vessel_activity.claim_alert()"
    ).fetchone()
    assert row is not None
    return row


def test_claims_are_kept_apart_and_in_order(rules: psycopg.Connection, module_url: str) -> None:
    watch(rules, "Few", "active_now", "below", 100)
    evaluate(rules, AT, 99)
    evaluate(rules, AT + MINUTE, 100)
    evaluate(rules, AT + 3 * MINUTE, 100)
    number = one(rules, "select id from vessel_activity.alert")
    settle = "select vessel_activity.settle_alert(%s, %s, %s, %s, %s)"
    nothing = (None, None, None)
    with psycopg.connect(module_url) as other:
        assert claim(other) == (number, "raised", 1)
        assert claim(rules) == nothing  # locked, and nobody waits
    assert claim(rules) == nothing  # claimed, and it must come before "cleared"
    at = one(
        rules, "select due_at - clock_timestamp() from vessel_activity.alert_event order by 1 desc"
    )
    assert 50 * SECOND < at <= MINUTE
    # The server that has it ended. A minute later it is due again.
    due = "update vessel_activity.alert_event set due_at = clock_timestamp()"
    rules.execute(due)
    assert claim(rules) == (number, "raised", 2)
    # What the first one says of its failure counts no more, but its success would.
    assert one(rules, settle, number, "raised", 1, "late", 0) is False
    waits = []
    for attempt in range(2, 12):
        assert one(rules, settle, number, "raised", attempt, "no", 0) is True
        waits.append(
            one(
                rules,
                "select extract(epoch from due_at - clock_timestamp())::float8"
                " from vessel_activity.alert_event where event = 'raised'",
            )
        )
        rules.execute(due)
        assert claim(rules) == (number, "raised", attempt + 1)
    for attempt, wait in enumerate(waits, 2):
        longest = min(5 * 2 ** (attempt - 1), 600)
        assert longest / 2 - 1 < wait <= longest
    assert one(rules, settle, number, "raised", 12, "wait", 900) is True
    left = "select due_at - clock_timestamp() from vessel_activity.alert_event where attempts = 12"
    assert 890 * SECOND < one(rules, left) <= 900 * SECOND
    assert one(rules, settle, number, "raised", 3, None, 0) is True
    assert one(rules, settle, number, "raised", 12, None, 0) is False
    rules.execute(due)
    assert claim(rules) == (number, "cleared", 1)
    assert one(rules, settle, number, "cleared", 1, None, 0) is True
    rules.execute(due)
    assert claim(rules) == nothing
    counts = "select delivered, failed, given_up from vessel_activity.watching"
    assert rules.execute(counts).fetchone() == (2, 11, 0)


def test_an_event_is_given_up_after_a_day(rules: psycopg.Connection) -> None:
    watch(rules, "Few", "active_now", "below", 100)
    evaluate(rules, AT, 99)
    rules.execute(
        "update vessel_activity.alert_event set made_at = made_at - interval '24 hours 1 second'"
    )
    assert claim(rules) == (None, None, None)
    counts = "select delivered, failed, given_up from vessel_activity.watching"
    assert rules.execute(counts).fetchone() == (0, 0, 1)
    assert one(rules, "select is_delivered from vessel_activity.alert_event") is False
