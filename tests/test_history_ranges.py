"""Ranges of the history: a short outage is in each, and any two instants can be asked for."""

from __future__ import annotations

import csv
import io
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.history import extremes, one, record
from tests.support.webserver import HISTORY, WebServer
from tests.test_server_history import fresh
from tests.test_server_metrics import PATIENT
from vessel_activity.web import history as web_history

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = [
    "activeNow",
    "activeLastHour",
    "activeLast24h",
    "totalVessels",
    "positionsLastHour",
    "speedAvg",
]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# A year of hours and a month of minutes, as refreshes leave them. A number tells its minute.
PAST = """
  insert into vessel_activity.history
  select m, m, 3000 + n % 60, 5000 + n % 60, 9000 + n % 60, 9999, 40000 + n % 60,
    10 + n % 60 / 100.0
  from generate_series(
      date_bin('1 hour', now() - interval '30 days', 'epoch'), now(), '1 minute') as m,
    lateral (select (extract(epoch from m) / 60)::int) as number (n);
  insert into vessel_activity.history_hour
  select h, 60, true, 3000, 3029.5, 3059, 5000, 5029.5, 5059, 9000, 9029.5, 9059, 9999, 9999, 9999,
    40000, 40029.5, 40059, 10, 10.295, 10.59
  from generate_series(
    date_bin('1 hour', now() - interval '400 days', 'epoch'),
    date_bin('1 hour', now() - interval '30 days', 'epoch') - interval '1 hour', '1 hour') as h;
  select vessel_activity.roll_up_history(now() - interval '31 days', now());
"""


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    with WebServer(module_url, PATIENT) as running:
        yield running


@pytest.fixture
def past(database: psycopg.Connection) -> psycopg.Connection:
    database.execute(PAST)
    return database


def outage(connection: psycopg.Connection, begin: datetime) -> None:
    """Let nothing be heard for five minutes."""
    connection.execute(
        "update vessel_activity.history set active_now = 0 where minute >= %s and minute < %s",
        (begin, begin + 5 * MINUTE),
    )
    connection.execute("select vessel_activity.roll_up_history(%s, %s)", (begin, begin + HOUR))


def between(web: WebServer, begin: datetime, end: datetime) -> dict[str, Any]:
    found = web.get(f"{HISTORY}?from={zulu(begin)}&to={zulu(end)}")
    assert found.status_code == 200, found.text
    answer: dict[str, Any] = found.json()
    return answer


def zulu(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def whole_minute(ago: timedelta) -> datetime:
    return (datetime.now(UTC) - ago).replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    ("span", "ago"),
    [
        ("1h", 30 * MINUTE),
        ("24h", 10 * HOUR),
        ("7d", 3 * DAY),
        ("30d", 20 * DAY),
        ("1y", 20 * DAY),
    ],
)
def test_an_outage_of_five_minutes_is_in_every_range(
    past: psycopg.Connection, web: WebServer, span: str, ago: timedelta
) -> None:
    began = whole_minute(ago)
    outage(past, began)
    answer = fresh(web, span)
    length = answer["stepSeconds"]
    # A minute that has begun since has no sample yet.
    filled_until = one(past, "select extract(epoch from max(minute)) from vessel_activity.history")
    # A step in which nothing was heard has no value. If something was, its minimum is 0.
    silent = {
        at - at % length
        for at, now, low in zip(
            answer["time"], answer["activeNow"], extremes(answer, "min", "activeNow"), strict=True
        )
        if at <= filled_until and (low == 0 or (low is None and now is None))
    }
    first = int(began.timestamp())
    assert silent == {at - at % length for at in range(first, first + 300, 60)}


@pytest.mark.parametrize("span", ["1h", "24h", "7d", "30d", "1y"])
def test_each_point_has_the_minimum_and_the_maximum_of_its_step(
    past: psycopg.Connection,  # noqa: ARG001
    web: WebServer,
    span: str,
) -> None:
    answer = fresh(web, span)
    assert len(answer["time"]) <= 500
    assert {len(answer[end][key]) for end in ("toMin", "toMax") for key in KEYS} == {
        len(answer["time"])
    }
    least, most, speeds = (
        extremes(answer, end, key)
        for end, key in (("min", "activeNow"), ("max", "activeNow"), ("max", "speedAvg"))
    )
    step = answer["stepSeconds"]
    # All but the first and the last step are whole.
    for index in range(1, len(answer["time"]) - 1):
        begin = answer["time"][index] // step * step
        minutes = [(begin // 60 + n) % 60 for n in range(step // 60)]
        assert least[index] == 3000 + min(minutes)
        assert most[index] == 3000 + max(minutes)
        assert speeds[index] == round(10 + max(minutes) / 100, 2)
        assert answer["toMax"]["totalVessels"][index] == 0
        mean = round(10 + sum(minutes) / len(minutes) / 100, 2)
        newest = round(10 + minutes[-1] / 100, 2)
        assert answer["speedAvg"][index] in ({10.29, 10.3} if span == "1y" else {newest})
        assert abs(answer["speedAvg"][index] - (mean if span == "1y" else newest)) < 0.011
    if span == "1y":
        assert set(answer["activeNow"][1:-1]) == {3030}


def test_a_year_is_days_of_means(past: psycopg.Connection, web: WebServer) -> None:
    day = whole_minute(20 * DAY).replace(hour=0, minute=0)
    past.execute(
        "update vessel_activity.history set active_now = 6000 where minute >= %s and minute < %s",
        (day, day + 6 * HOUR),
    )
    past.execute("select vessel_activity.roll_up_history(%s, %s)", (day, day + 6 * HOUR))
    answer = fresh(web, "1y")
    assert answer["stepSeconds"] == 86400
    assert len(answer["time"]) in {365, 366}
    assert (
        answer["activeNow"][answer["time"].index(int(day.timestamp()))] == 3772
    )  # (6·6000+18·3029.5)/24


def test_the_newest_hour_is_in_the_year_though_it_is_not_over(
    past: psycopg.Connection, web: WebServer
) -> None:
    past.execute(
        "update vessel_activity.history set active_now = 7000"
        " where minute = (select max(minute) from vessel_activity.history)"
    )
    assert extremes(fresh(web, "1y"), "max", "activeNow")[-1] == 7000


@pytest.mark.parametrize(
    ("ago", "length", "step"),
    [
        (2 * HOUR, HOUR, MINUTE),
        (20 * DAY, 499 * MINUTE, MINUTE),
        (20 * DAY, 500 * MINUTE, 2 * MINUTE),
        (20 * DAY, DAY, 3 * MINUTE),
        (20 * DAY, 10 * DAY, 30 * MINUTE),
        (20 * DAY, 12 * DAY, HOUR),
        # There are no minutes any more.
        (200 * DAY, 2 * HOUR, HOUR),
        (200 * DAY, DAY, HOUR),
        (31 * DAY, 3 * DAY, HOUR),
        (400 * DAY, 400 * DAY, DAY),
        (1600 * DAY, 1800 * DAY, 4 * DAY),
    ],
)
def test_two_instants_give_whole_steps_of_a_fitting_length(
    past: psycopg.Connection,  # noqa: ARG001
    web: WebServer,
    ago: timedelta,
    length: timedelta,
    step: timedelta,
) -> None:
    begin = whole_minute(ago)
    answer = between(web, begin, begin + length)
    assert timedelta(seconds=answer["stepSeconds"]) == step
    assert length / step <= len(answer["time"]) <= min(500, length / step + 2)
    first, last = (datetime.fromisoformat(answer[name]) for name in ("from", "to"))
    assert begin - step < first <= begin
    assert begin + length <= last < begin + length + step
    assert answer["range"] == f"{begin:%Y-%m-%dT%H:%MZ}/{begin + length:%Y-%m-%dT%H:%MZ}"
    index = len(answer["time"]) // 3
    at = datetime.fromtimestamp(answer["time"][index], UTC)
    if step < HOUR:
        assert answer["activeNow"][index] == 3000 + at.minute
    elif at > datetime.now(UTC) - 399 * DAY:
        assert answer["activeNow"][index] == 3030
        assert extremes(answer, "min", "activeNow")[index] == 3000
    else:
        assert answer["activeNow"][index] is None


def test_two_instants_as_csv(past: psycopg.Connection, web: WebServer) -> None:  # noqa: ARG001
    begin = whole_minute(20 * DAY).replace(minute=0)
    asked = web.get(f"{HISTORY}.csv?from={zulu(begin)}&to={zulu(begin + DAY)}")
    name = f"vessel-activity-{begin:%Y-%m-%dT%H%MZ}-{begin + DAY:%Y-%m-%dT%H%MZ}.csv"
    assert f'filename="{name}"' in asked.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(asked.text, newline="")))
    assert len(lines) == 480
    assert lines[0] == {
        "time": f"{begin + 2 * MINUTE:%Y-%m-%dT%H:%M:%S.000Z}",
        "activeNow": "3002",
        "activeLastHour": "5002",
        "activeLast24h": "9002",
        "totalVessels": "9999",
        "positionsLastHour": "40002",
        "speedAvg": "10.02",
        "activeNowMin": "3000",
        "activeNowMax": "3002",
        "activeLastHourMin": "5000",
        "activeLastHourMax": "5002",
        "activeLast24hMin": "9000",
        "activeLast24hMax": "9002",
        "totalVesselsMin": "9999",
        "totalVesselsMax": "9999",
        "positionsLastHourMin": "40000",
        "positionsLastHourMax": "40002",
        "speedAvgMin": "10.00",
        "speedAvgMax": "10.02",
    }


INSTANT = (
    "{} must be an instant in ISO 8601, such as 2026-01-31T12:00:00Z; a + in it is written as %2B"
)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-01-01T00:00Z", "from and to belong together: give both"),
        ("to=2026-01-01T00:00Z", "from and to belong together: give both"),
        ("range=1h&from=2026-01-01&to=2026-01-02", "give either range, or from and to"),
        ("from=2026-01-02&to=2026-01-01", "from must be before to"),
        ("from=2026-01-02T12:00Z&to=2026-01-02T13:00%2B01:00", "from must be before to"),
        ("from=2020-01-01&to=2026-01-01", "from and to must be at most five years apart"),
        ("from=yesterday&to=now", INSTANT.format("from")),
        ("from=2026-01-01&to=", INSTANT.format("to")),
        ("from=2026-01-01&to=2026-01-02T00:00:00+00:00", INSTANT.format("to")),
        ("from=0001-01-01T00:00%2B14:00&to=2026-01-01", INSTANT.format("from")),
        ("from=2026-01-01&to=9999-01-01", INSTANT.format("to")),
        ("from=1767225600&to=1767229200", INSTANT.format("from")),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_with_the_reason(
    web: WebServer, query: str, said: str
) -> None:
    answer = web.get(f"{HISTORY}?{query}")
    assert (answer.status_code, answer.json()) == (400, {"error": said})
    assert answer.headers["cache-control"] == "no-store"


def test_instants_are_read_with_their_zone_and_rounded_to_whole_minutes(web: WebServer) -> None:
    query = "from=2026-01-31T13:00:59.9%2B01:00&to=2026-01-31T13:00:01"
    answer = web.get(f"{HISTORY}?{query}").json()
    assert answer["range"] == "2026-01-31T12:00Z/2026-01-31T13:01Z"
    again = web.get(f"{HISTORY}?from=2026-01-31T12:00Z&to=2026-01-31T13:01Z")
    kept = web.get(f"{HISTORY}?{query}", {"if-none-match": again.headers["etag"]})
    assert (kept.status_code, kept.content) == (304, b"")


def test_people_ask_for_two_instants_with_a_slash(past: psycopg.Connection) -> None:
    begin = whole_minute(3 * HOUR)
    rows = past.execute(
        "select step_at, active_now, active_now_min, active_now_max"
        " from public.vessel_activity_history(%s)",
        [f"{zulu(begin)}/{zulu(begin + 5 * MINUTE)}"],
    ).fetchall()
    expected = [begin + n * MINUTE for n in range(5)]
    assert rows == [(at, *[3000 + at.minute] * 3) for at in expected]


@pytest.mark.parametrize(
    "span",
    [
        "2h",
        "",
        "/",
        "a/b",
        "2026-01-01",
        "2026-01-01/",
        "2026-01-01/2026-01-02/2026-01-03",
        "infinity/2026-01-01",
        "2026-13-01/2026-14-01",
        "2026-01-02/2026-01-01",
        "2026-01-01/2026-01-01",
        "2020-01-01/2026-01-01",
        "99999-01-01/999999-01-01",
    ],
)
def test_the_database_refuses_what_is_no_range(database: psycopg.Connection, span: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue) as caught:
        database.execute("select public.vessel_activity_history_json(%s)", [span])
    assert caught.value.diag.message_hint


def test_no_crowd_of_ranges_fills_the_memory_or_keeps_the_others_waiting(
    module_url: str,
) -> None:
    with WebServer(module_url, PATIENT) as crowded:
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        statuses: list[int] = []

        def ask(number: int) -> None:
            span = f"from={zulu(begin)}&to={zulu(begin + number * HOUR)}"
            statuses.append(crowded.get(f"{HISTORY}?{span}").status_code)

        with psycopg.connect(module_url) as blocker:
            blocker.execute("lock vessel_activity.history in access exclusive mode")
            waiting = [threading.Thread(target=ask, args=[n + 1]) for n in range(12)]
            for each in waiting:
                each.start()
            while len(statuses) < 12 - web_history.READ_INTERVALS:
                waiting[-1].join(0.01)
                for each in waiting:
                    each.join(0.01)
        for each in waiting:
            each.join()
        assert statuses.count(503) == 12 - web_history.READ_INTERVALS
        assert statuses[: statuses.count(503)] == [503] * statuses.count(503)


def test_the_texts_of_few_ranges_are_kept(past: psycopg.Connection, web: WebServer) -> None:
    begin = whole_minute(5 * HOUR)
    before = between(web, begin, begin + HOUR)
    past.execute("update vessel_activity.history set active_now = 1234")
    for number in range(web_history.KEPT_INTERVALS):
        between(web, begin, begin + (61 + number) * MINUTE)
    assert set(before["activeNow"]) != {1234}
    # It was let go for the others, so it is read anew.
    assert set(between(web, begin, begin + HOUR)["activeNow"]) == {1234}


def test_a_late_sample_is_not_lost(database: psycopg.Connection) -> None:
    record(database, "2026-01-31 12:00+00", 1)
    record(database, "2026-01-31 14:00+00", 1)
    record(database, "2026-01-31 12:01+00", 9)
    assert one(database, "select active_now_max from vessel_activity.history_hour") == 9
