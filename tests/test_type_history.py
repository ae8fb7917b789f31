"""Active vessels by type are kept hour by hour, and served ready to be stacked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.fleet import AS_OF, HOUR, MINUTE, add_positions, add_vessels, refreshed
from tests.support.webserver import WebServer

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

PATH = "/api/database/vessel-activity/history"


def told(db: psycopg.Connection, now: datetime) -> dict[str, Any]:
    row = db.execute("select vessel_activity.types_json('24h', %s)", (now,)).fetchone()
    assert row is not None
    answer: dict[str, Any] = json.loads(row[0])
    return answer


def test_each_hour_has_the_numbers_of_its_first_document(db: psycopg.Connection) -> None:
    add_vessels(db, [("Cargo", "NO")] * 3 + [("Tug", "NO")] * 2)
    ids = [id_ for (id_,) in db.execute("select id from vessels order by id").fetchall()]
    add_positions(db, *((vessel, AS_OF) for vessel in ids))
    refreshed(db, AS_OF)
    add_positions(db, (ids[0], AS_OF + 3 * HOUR), (999, AS_OF + 3 * HOUR))
    refreshed(db, AS_OF + 3 * HOUR)  # two hours have no sample
    add_positions(db, (ids[1], AS_OF + 3 * HOUR + MINUTE))
    refreshed(db, AS_OF + 3 * HOUR + MINUTE)  # this hour has one

    answer = told(db, AS_OF + 3 * HOUR)

    assert answer["stepSeconds"] == 3600
    assert answer["times"][-4:] == [f"2050-03-13T{hour}:00:00.000Z" for hour in (12, 13, 14, 15)]
    assert {line["name"]: line["activeLastHour"][-4:] for line in answer["types"]} == {
        "Cargo": [3, None, None, 1],
        "Tug": [2, None, None, 0],
        "Unknown": [0, None, None, 1],
        None: [0, None, None, 0],
    }
    assert {len(line["activeLastHour"]) for line in answer["types"]} == {24}


def test_types_beyond_the_eighth_are_one_line_that_completes_the_sum(
    db: psycopg.Connection,
) -> None:
    add_vessels(db, [(f"T{number:02}", "NO") for number in range(30) for _ in range(2)])
    ids = [id_ for (id_,) in db.execute("select id from vessels").fetchall()]
    add_positions(db, *((vessel, AS_OF) for vessel in ids))
    refreshed(db, AS_OF)

    types = told(db, AS_OF)["types"]

    names = [line["name"] for line in types]
    assert names == [*(f"T{number:02}" for number in range(8)), None]
    assert [line["activeLastHour"][-1] for line in types] == [2] * 8 + [44]
    kept = db.execute("select count(*) from vessel_activity.type_hour where place > 0")
    assert kept.fetchall()[0][0] == 20


def test_old_samples_are_deleted(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF)
    refreshed(db, AS_OF + 31 * 24 * HOUR)
    hours = db.execute("select distinct sampled_at from vessel_activity.type_hour").fetchall()
    assert hours == [(AS_OF + 31 * 24 * HOUR,)]


def test_the_server_serves_the_ranges(db: psycopg.Connection, url: str) -> None:
    db.execute("select public.refresh_vessel_activity()")
    with WebServer(url) as web:
        answer = web.get(f"{PATH}?range=7d")
        assert len(answer.json()["times"]) == 168
        assert web.get(PATH).json()["range"] == "24h"
        etag = {"if-none-match": answer.headers["etag"]}
        assert web.get(f"{PATH}?range=7d", etag).status_code == 304
        wrong = web.get(f"{PATH}?range=1y")
        assert wrong.status_code == 400
        assert wrong.json() == {"error": "range must be one of 24h, 7d, 30d"}


def test_a_full_month_is_answered_in_time(db: psycopg.Connection, url: str) -> None:
    # As many samples as there can be. The server gives a question two seconds.
    db.execute("truncate vessel_activity.type_hour")
    db.execute(
        """
        insert into vessel_activity.type_hour (hour, name, sampled_at, active_last_hour, place)
        select h.hour, case place when 0 then '' else 'T' || place end, h.hour,
          case place when 0 then 2000 else 100 - place end, place
        from generate_series(
            date_bin('1 hour', now(), 'epoch') - interval '730 hours', now() + interval '2 hours',
            '1 hour'
          ) as h (hour)
          cross join generate_series(0, 20) as p (place)
        """
    )
    with WebServer(url) as web:
        answer = web.get(f"{PATH}?range=30d")
        assert answer.status_code == 200
        lines = {line["name"]: line["activeLastHour"] for line in answer.json()["types"]}
        # The eight most frequent types have 99 to 92 vessels.
        expected: dict[str | None, list[int]] = {
            f"T{place}": [100 - place] * 720 for place in range(1, 9)
        }
        expected[None] = [2000 - sum(range(92, 100))] * 720
        assert lines == expected
