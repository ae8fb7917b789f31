"""The figures of an area are served hour by hour; who asks for too much is told so."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.fleet import AS_OF, HOUR, MINUTE
from tests.support.webserver import ACTIVITY, WebServer
from tests.test_areas import PUT, REFRESH, report, square, vessel
from tests.test_server_metrics import PATIENT
from vessel_activity.web import shared

if TYPE_CHECKING:
    from datetime import datetime

PATH = ACTIVITY + "/areas/history"


def told(db: psycopg.Connection, area: str, span: str, now: datetime) -> dict[str, Any] | None:
    query = "select vessel_activity.area_history_json(%s, %s, %s)"
    row = db.execute(query, [area, span, now]).fetchone()
    assert row is not None
    answer: dict[str, Any] | None = row[0] and json.loads(row[0])
    return answer


def test_each_hour_has_the_first_figures_of_the_area_and_a_gap_is_unknown(
    db: psycopg.Connection,
) -> None:
    db.execute(PUT, ["Port", square(4, 51, 1)])
    db.execute(PUT, ["Elsewhere", square(10, 51, 1)])
    for who in (vessel(db), vessel(db)):
        report(db, who, AS_OF, (4.5, 51.5), 8.0)
    db.execute(REFRESH, [AS_OF, False])
    # The hours of 13 and 14 have no refresh. At 15 o'clock one vessel has left, and another enters.
    report(db, who, AS_OF + 3 * HOUR, (6.0, 51.5))
    report(db, vessel(db), AS_OF + 3 * HOUR, (4.5, 51.5), 11.5)
    db.execute(REFRESH, [AS_OF + 3 * HOUR, False])
    db.execute(REFRESH, [AS_OF + 3 * HOUR + 30 * MINUTE, False])  # this hour has a sample

    answer = told(db, "Port", "24h", AS_OF + 4 * HOUR + 59 * MINUTE)

    assert answer is not None
    lists = {key: value for key, value in answer.items() if isinstance(value, list)}
    assert {len(values) for values in lists.values()} == {24}
    assert lists["times"][0] == "2050-03-12T17:00:00.000Z"
    assert {key: values[-5:] for key, values in lists.items()} == {
        "times": [f"2050-03-13T{hour}:00:00.000Z" for hour in range(12, 17)],
        "activeNow": [2, None, None, 1, None],
        "activeLastHour": [2, None, None, 1, None],
        "activeLast24h": [2, None, None, 2, None],
        "entered": [2, None, None, 1, None],
        "left": [0, None, None, 1, None],
        "meanSpeed": [8.0, None, None, 11.5, None],
    }
    assert [answer[key] for key in ("area", "range", "stepSeconds")] == ["Port", "24h", 3600]


def test_an_answer_has_an_entry_for_each_hour_of_its_range(db: psycopg.Connection) -> None:
    db.execute(PUT, ["Port", square(4, 51, 1)])
    for span, hours in {"24h": 24, "7d": 168, "30d": 720}.items():
        answer = told(db, "Port", span, AS_OF)
        assert answer is not None
        assert (len(answer["times"]), answer["activeNow"]) == (hours, [None] * hours)
    assert told(db, "port", "24h", AS_OF) is None
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refused:
        told(db, "Port", "1y", AS_OF)
    assert refused.value.diag.message_hint == "Use 24h, 7d or 30d."


def test_the_server_serves_each_area_and_says_what_it_can_not_answer(
    db: psycopg.Connection, url: str
) -> None:
    db.execute(PUT, ["Port & <b>", square(4, 51, 1)])
    with WebServer(url) as web:
        answer = web.get(f"{PATH}?area=Port%20%26%20%3Cb%3E&range=7d")
        assert answer.status_code == 200
        assert (answer.json()["area"], len(answer.json()["times"])) == ("Port & <b>", 168)
        etag = {"if-none-match": answer.headers["etag"]}
        again = web.get(f"{PATH}?area=Port%20%26%20%3Cb%3E&range=7d", etag)
        assert (again.status_code, again.content) == (304, b"")
        for query, status, error in (
            ("range=7d", 400, "area must name an area"),
            ("area=Port&range=1y", 400, "range must be one of 24h, 7d, 30d"),
            ("area=Port", 404, "there is no area 'Port'"),
            ("area=", 404, "there is no area ''"),
            ("area=a%00b", 404, "there is no area 'a\\x00b'"),
            ("area=" + 101 * "x", 404, f"there is no area '{100 * 'x'}…'"),
        ):
            wrong = web.get(f"{PATH}?{query}")
            assert (wrong.status_code, wrong.json()) == (status, {"error": error})


def test_no_crowd_of_names_keeps_the_others_waiting(module_url: str) -> None:
    with WebServer(module_url, PATIENT) as web:
        statuses: list[int] = []

        def ask(number: int) -> None:
            statuses.append(web.get(f"{PATH}?area={number}").status_code)

        with psycopg.connect(module_url) as blocker:
            blocker.execute("lock public.vessel_activity_area in access exclusive mode")
            crowd = [
                threading.Thread(target=ask, args=[number])
                for number in range(shared.MOST_READING + 5)
            ]
            for each in crowd:
                each.start()
            while len(statuses) < 5:
                for each in crowd:
                    each.join(0.01)
            assert statuses == [503] * 5
        for each in crowd:
            each.join()
        assert statuses[5:] == [404] * shared.MOST_READING
