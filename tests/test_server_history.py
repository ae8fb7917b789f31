"""The history is sampled once a minute, thinned for each range, and shows its gaps."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.history import NUMBERS, one, record
from tests.support.webserver import HISTORY, WebServer, row_as_json, write_row

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    with WebServer(module_url) as running:
        yield running


def test_a_refresh_leaves_one_sample_a_minute(database: psycopg.Connection) -> None:
    assert record(database, "2026-01-31 12:00:59.9+00", 1)
    assert record(database, "2026-01-31 12:01:00+00", 2)
    assert not record(database, "2026-01-31 12:01:30+00", 3)
    assert record(database, "2026-01-31 12:02:00+00", 4)
    samples = database.execute(
        "select extract(minute from minute)::int, extract(second from sampled_at)::float,"  # noqa: S608
        f" {NUMBERS} from vessel_activity.history order by minute"
    ).fetchall()
    assert [tuple(map(float, sample)) for sample in samples] == [
        (0, 59.9, 1, 2, 3, 4, 5, 6.5),
        (1, 0, 2, 2, 3, 4, 5, 6.5),
        (2, 0, 4, 2, 3, 4, 5, 6.5),
    ]


def test_a_real_refresh_is_sampled(database: psycopg.Connection) -> None:
    database.execute("select public.refresh_vessel_activity()")
    sampled = one(
        database,
        "select h.sampled_at = r.updated_at from vessel_activity.history as h,"
        " public.vessel_activity_realtime as r",
    )
    assert sampled is True


def test_samples_past_their_time_are_forgotten(database: psycopg.Connection) -> None:
    record(database, "2026-01-01 00:00+00", 1)
    record(database, "2026-01-30 23:59+00", 2)
    assert one(database, "select count(*) from vessel_activity.history") == 2
    # Whole hours are forgotten, at the first sample of an hour.
    record(database, "2026-01-31 00:59+00", 3)
    assert one(database, "select count(*) from vessel_activity.history") == 3
    record(database, "2026-01-31 01:00+00", 4)
    kept = database.execute("select active_now from vessel_activity.history order by minute")
    assert kept.fetchall() == [(2,), (3,), (4,)]


def fill_history(connection: psycopg.Connection, length: timedelta) -> None:
    """Put a sample on every minute up to now, with values made from the minute's number."""
    connection.execute(
        "insert into vessel_activity.history select m, m, n %% 5000 + 1, n %% 7000 + 1,"
        " n %% 9000 + 1, 9999, n %% 40000 + 1, n %% 40 from generate_series("
        " date_bin('1 minute', now() - %s, 'epoch'), now(), '1 minute') as m,"
        " lateral (select (extract(epoch from m) / 60)::int) as number (n)",
        [length],
    )


@pytest.mark.parametrize(
    ("span", "step_minutes", "length"),
    [
        ("1h", 1, timedelta(hours=1)),
        ("24h", 3, timedelta(hours=24)),
        ("7d", 21, timedelta(days=7)),
        ("30d", 90, timedelta(days=30)),
    ],
)
def test_a_range_is_thinned_to_real_samples_at_even_steps(
    database: psycopg.Connection, span: str, step_minutes: int, length: timedelta
) -> None:
    fill_history(database, timedelta(days=31))
    points = (
        psycopg.Cursor(database, row_factory=dict_row)
        .execute("select * from public.vessel_activity_history(%s)", [span])
        .fetchall()
    )
    assert len(points) <= 500
    assert len(points) == pytest.approx(length / timedelta(minutes=step_minutes), abs=1)
    for before, after in itertools.pairwise(points):
        assert after["step_at"] - before["step_at"] == timedelta(minutes=step_minutes)
    for point in points[:-1]:
        # The newest sample of the step, untouched.
        assert point["sampled_at"] == point["step_at"] + timedelta(minutes=step_minutes - 1)
        assert point["active_now"] == int(point["sampled_at"].timestamp()) // 60 % 5000 + 1


def test_a_gap_stays_a_gap(database: psycopg.Connection, web: WebServer) -> None:
    fill_history(database, timedelta(hours=25))
    database.execute(
        "delete from vessel_activity.history"
        " where minute between now() - interval '9 hours' and now() - interval '7 hours'"
    )
    answer = fresh(web, "24h")
    unknown = [n for n, value in enumerate(answer["activeNow"]) if value is None]
    assert len(unknown) == pytest.approx(40, abs=1)
    assert unknown == list(range(unknown[0], unknown[-1] + 1))
    assert set(unknown) <= {n for n, value in enumerate(answer["speedAvg"]) if value is None}


def test_the_answer_has_columns_of_equal_length_and_samples_for_comparison(
    database: psycopg.Connection, web: WebServer
) -> None:
    fill_history(database, timedelta(hours=28))
    write_row(web.url, age="3 hours")
    answer = fresh(web, "1h")
    columns = ["activeNow", "activeLastHour", "activeLast24h", "totalVessels", "positionsLastHour"]
    assert {len(answer[name]) for name in ["time", "speedAvg", *columns]} == {len(answer["time"])}
    assert answer["time"] == sorted(answer["time"])
    assert answer["stepSeconds"] == 60
    assert answer["activeNow"][0] == answer["time"][0] // 60 % 5000 + 1
    # Compared with the time of the figures, which may be old.
    end = datetime.fromisoformat(row_as_json(web.url)["updatedAt"])
    assert datetime.fromisoformat(answer["to"]) - end > timedelta(hours=3)
    assert answer["compare"]["weekBefore"] is None
    for name, ago in (("hourBefore", 3600), ("dayBefore", 86400)):
        sample = answer["compare"][name]
        at = datetime.fromisoformat(sample["sampledAt"])
        assert abs((end - at).total_seconds() - ago) <= 60
        assert sample["activeNow"] == int(at.timestamp()) // 60 % 5000 + 1


def test_nothing_is_compared_with_a_sample_of_another_time(
    database: psycopg.Connection, web: WebServer
) -> None:
    fill_history(database, timedelta(minutes=50))
    nothing = {"hourBefore": None, "dayBefore": None, "weekBefore": None}
    assert fresh(web, "7d")["compare"] == nothing


def test_csv_holds_the_same_samples(database: psycopg.Connection, web: WebServer) -> None:
    fill_history(database, timedelta(hours=2))
    database.execute(
        "update vessel_activity.history set speed_avg = 0 where minute < now() - interval '30 min'"
    )
    answer = fresh(web, "1h")
    asked = web.get(f"{HISTORY}?range=1h", {"accept": "text/csv"})
    assert asked.headers["content-type"].startswith("text/csv")
    assert 'filename="vessel-activity-1h.csv"' in asked.headers["content-disposition"]
    assert web.get(f"{HISTORY}.csv?range=1h").text == asked.text
    lines = list(csv.DictReader(io.StringIO(asked.text, newline="")))
    pairs = zip(answer["time"], answer["activeNow"], answer["speedAvg"], strict=True)
    expected = [(at, str(now), speed) for at, now, speed in pairs if now is not None]
    assert [
        (
            int(datetime.fromisoformat(line["time"]).timestamp()),
            line["activeNow"],
            float(line["speedAvg"]) if line["speedAvg"] else None,
        )
        for line in lines
    ] == expected
    assert any(line["speedAvg"] == "" for line in lines)


def test_times_without_any_position_are_unknown_and_not_zero(
    database: psycopg.Connection, web: WebServer
) -> None:
    write_row(web.url)
    fill_history(database, timedelta(hours=2))
    database.execute(
        "update vessel_activity.history set active_now = 0, active_last_hour = 0,"
        " active_last_24h = 0, positions_last_hour = 0, speed_avg = 0"
    )
    answer = fresh(web, "1h")
    unknown = ["activeNow", "activeLastHour", "activeLast24h", "positionsLastHour", "speedAvg"]
    for name in unknown:
        assert set(answer[name]) == {None}
        assert answer["compare"]["hourBefore"][name] is None
        assert set(answer["toMin"][name]) == set(answer["toMax"][name]) == {None}
    sampled = [value for value in answer["totalVessels"] if value is not None]
    assert set(sampled) == {9999}
    lines = list(csv.DictReader(io.StringIO(web.get(f"{HISTORY}.csv?range=1h").text, newline="")))
    assert len(lines) == len(sampled)
    for line in lines:
        assert datetime.fromisoformat(line.pop("time"))
        extremes = {f"{name}{end}": "" for name in unknown for end in ("Min", "Max")}
        fleet = dict.fromkeys(["totalVessels", "totalVesselsMin", "totalVesselsMax"], "9999")
        assert line == {**dict.fromkeys(unknown, ""), **extremes, **fleet}


def test_an_unknown_range_is_refused_and_the_known_ones_named(web: WebServer) -> None:
    answer = web.get(f"{HISTORY}?range=2h")
    assert answer.status_code == 400
    assert answer.json() == {"error": "range must be one of 1h, 24h, 7d, 30d, 1y"}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("text/csv;q=0.5, */*", "application/json"),
        ("text/*;q=0.9, application/*", "application/json"),
        ("text/csv, application/json", "application/json"),
        ("text/csv;q=0, application/xml", "application/json"),
        ("text/csv;q=0.3, text/*, application/json;q=0.5", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("Text/CSV, */*", "text/csv"),
        ("text/csv, */*;q=0.1", "text/csv"),
        ("*/*, application/json;q=0.1", "text/csv"),
    ],
)
def test_the_accept_header_chooses_the_form_with_the_highest_weight(
    web: WebServer, accept: str, kind: str
) -> None:
    answer = web.get(HISTORY, {"accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == kind


def test_an_unchanged_history_costs_a_304(web: WebServer) -> None:
    first = web.get(f"{HISTORY}?range=30d")
    again = web.get(f"{HISTORY}?range=30d", {"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def fresh(web: WebServer, span: str) -> dict[str, Any]:
    """Restart the server, so that it has nothing in memory, and ask."""
    web.stop()
    web.start()
    answer = web.get(f"{HISTORY}?range={span}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found
