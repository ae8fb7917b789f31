"""The figures of areas are those of the last positions, and each refresh equals the definition."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fleet import AS_OF
from tests.support.webserver import WebServer, eventually

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

AREAS = "/api/database/vessel-activity/areas"
GRID = "/api/database/vessel-activity/grid"
PUT = "select public.vessel_activity_area_put(%s, %s)"
REFRESH = "select vessel_activity.refresh_at(%s, 'manual', %s)"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def square(west: float, south: float, size: float) -> str:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


def vessel(db: psycopg.Connection, kind: str | None = "Cargo") -> int:
    row = db.execute(
        'insert into public.vessels (mmsi, name, "vesselType", flag, active)'
        " values (gen_random_uuid()::text, 'x', %s, 'NL', true) returning id",
        [kind],
    ).fetchone()
    assert row is not None
    return int(row[0])


def report(
    db: psycopg.Connection,
    who: int,
    at: datetime,
    place: tuple[float | None, float | None],
    speed: float | None = 10.0,
) -> None:
    db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp, longitude, latitude, speed)'
        " values (%s, %s, %s, %s, %s)",
        [who, at, *place, speed],
    )


def document(db: psycopg.Connection) -> list[dict[str, Any]]:
    row = db.execute("select body from vessel_activity.activity").fetchone()
    assert row is not None
    areas: list[dict[str, Any]] = row[0]["areas"]
    return areas


def test_an_area_counts_vessels_by_their_last_position(db: psycopg.Connection) -> None:
    db.execute(PUT, ["Port", square(4, 51, 1)])
    inside, outside = (4.5, 51.5), (6.0, 51.5)
    now, hour, day, old = (AS_OF - ago for ago in (5 * MINUTE, HOUR, 24 * HOUR, 25 * HOUR))
    for at, speed in ((now, 12.3), (hour, 4.1), (day, 7.0), (old, 7.0), (hour, 0.0), (now, 60.0)):
        report(db, vessel(db), at, inside, speed)
    tanker = vessel(db, "Tanker")
    report(db, tanker, AS_OF - 40 * MINUTE, outside)
    report(db, tanker, AS_OF, (4.0, 51.0), None)  # on a corner
    gone = vessel(db)
    report(db, gone, now, inside)
    report(db, gone, now + SECOND, outside)
    report(db, vessel(db), AS_OF, (None, 51.5))

    db.execute(REFRESH, [AS_OF, False])

    assert document(db) == [
        {
            "name": "Port",
            "activeNow": 3,
            "activeLastHour": 5,
            "activeLast24h": 6,
            "entered": 3,
            "left": 0,
            "meanSpeed": 8.2,
            "types": [{"name": "Cargo", "activeNow": 2}, {"name": "Tanker", "activeNow": 1}],
        }
    ]


def test_vessels_enter_and_leave_between_their_positions_of_an_hour_ago_and_now(
    db: psycopg.Connection,
) -> None:
    db.execute(PUT, ["Port", square(4, 51, 1)])
    inside, outside = (4.5, 51.5), (6.0, 51.5)
    before, after = AS_OF - HOUR - SECOND, AS_OF - MINUTE
    tracks = {
        "entered": [(before, outside), (after, inside)],
        "left": [(before, inside), (after, outside)],
        "stayed": [(before, inside), (after, inside)],
        "passed": [(before, outside), (AS_OF - 30 * MINUTE, inside), (after, outside)],
        "came and went": [(before, inside), (AS_OF - 30 * MINUTE, outside), (after, inside)],
        "silent inside": [(before, inside)],
        "silent outside": [(before, outside)],
    }
    for track in tracks.values():
        who = vessel(db)
        for at, place in track:
            report(db, who, at, place)

    db.execute(REFRESH, [AS_OF, False])

    (port,) = document(db)
    assert (port["entered"], port["left"], port["activeLast24h"]) == (1, 1, 4)


def test_a_vessel_that_was_silent_for_a_day_enters_the_area_where_it_lies(
    db: psycopg.Connection,
) -> None:
    db.execute(PUT, ["Port", square(4, 51, 1)])
    silent, other = vessel(db), vessel(db)
    report(db, silent, AS_OF, (4.5, 51.5))
    db.execute(REFRESH, [AS_OF, False])
    # Until five minutes before the end of its day it is in the port, and then in no area.
    for minutes in (24 * 60 - 5, 24 * 60, 24 * 60 + 5, 25 * 60, 25 * 60 + 10):
        at = AS_OF + minutes * MINUTE
        report(db, other, at, (4.5, 51.5))
        if minutes == 25 * 60 + 10:
            report(db, silent, at, (4.5, 51.5))
        db.execute(REFRESH, [at, False])
        equals_the_definition(db)

    (port,) = document(db)
    assert (port["entered"], port["left"], port["activeNow"]) == (1, 0, 2)


def test_the_document_has_the_hundred_areas_with_the_most_vessels(db: psycopg.Connection) -> None:
    for number in range(101):
        db.execute(PUT, [f"{number:03}", square(number, 10, 0.5)])
    report(db, vessel(db), AS_OF, (100.25, 10.25))
    db.execute(REFRESH, [AS_OF, False])

    names = [area["name"] for area in document(db)]
    assert names == ["100", *[f"{number:03}" for number in range(99)]]


def test_an_area_that_is_removed_is_gone_from_the_next_document(db: psycopg.Connection) -> None:
    db.execute(PUT, ["Port", square(4, 51, 1)])
    db.execute(REFRESH, [AS_OF, False])
    assert [area["name"] for area in document(db)] == ["Port"]
    db.execute("select public.vessel_activity_area_remove('Port')")
    db.execute(REFRESH, [AS_OF + MINUTE, False])

    assert document(db) == []
    for table in (
        "area_figures",
        "area_part",
        "area_cell",
        "area_history",
        "area_past",
        "area_late",
        "area_set",
        "area_grid",
    ):
        assert db.execute(f"select count(*) from vessel_activity.{table}").fetchone() == (0,)  # noqa: S608


def test_one_sample_of_an_area_is_kept_an_hour(db: psycopg.Connection) -> None:
    db.execute(PUT, ["Port", square(4, 51, 1)])
    report(db, vessel(db), AS_OF, (4.5, 51.5))
    for minutes in (0, 1, 59, 60, 61):
        db.execute(REFRESH, [AS_OF + minutes * MINUTE, False])

    samples = db.execute(
        "select hour, sampled_at, active_now, active_last_hour from vessel_activity.area_history"
    ).fetchall()
    noon = AS_OF.replace(microsecond=0)
    assert samples == [(noon, AS_OF, 1, 1), (noon + HOUR, AS_OF + HOUR, 0, 1)]


def equals_the_definition(db: psycopg.Connection) -> None:
    """Compare the stored figures with the definition for the same two instants."""
    different = db.execute(
        """
        with stored as materialized (select * from vessel_activity.area_figures),
        instants as (select distinct as_of, since from stored)
        select to_json(s), to_json(d)
        from instants as i
        cross join lateral vessel_activity.areas_at(i.as_of, i.since) as d
        full join stored as s on s.area = d.area
        where to_json(s)::text is distinct from to_json(d)::text
        """
    ).fetchall()
    assert different == []


@pytest.mark.parametrize("seed", range(4))
def test_every_refresh_of_a_random_schedule_equals_the_definition(
    db: psycopg.Connection, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    crew = [vessel(db, chance.choice(["Cargo", "Tanker", None])) for _ in range(12)]
    at = AS_OF
    for number in range(4):
        shape = square(chance.randint(175, 180), chance.randint(-3, 3), 3)
        db.execute(PUT, [f"area {number}", shape])
    for step in range(30):
        at += chance.choice([30 * SECOND, 5 * MINUTE, 20 * MINUTE])
        for _ in range(chance.randint(0, 8)):
            place = (chance.choice([-180.0, -179.5, 178.25, 180.0]), chance.randint(-12, 12) / 4)
            ago = chance.choice([0, 20, 200, 2000]) * SECOND
            report(db, chance.choice(crew), at - ago, place, chance.choice([None, 0, 7.3, 12.345]))
        if step % 7 == 3:
            db.execute(
                'delete from public.vessel_positions where "vesselId" = %s and timestamp > %s',
                [chance.choice(crew), at - 10 * MINUTE],
            )
        if step % 9 == 5:
            db.execute(PUT, [f"area {step % 5}", square(chance.randint(175, 180), -2, 4)])
        db.execute(REFRESH, [at, step == 20])
        equals_the_definition(db)
    modes = db.execute("select distinct mode from vessel_activity.refresh_log").fetchall()
    assert ("incremental",) in modes


# --- the grid -------------------------------------------------------------------------------------


def test_the_grid_counts_vessels_by_cells(db: psycopg.Connection) -> None:
    places = [(4.2, 51.7), (4.0, 51.0), (4.999, 51.999), (-0.1, -0.1), (180.0, 90.0), (-180.0, 0.0)]
    for place in places:
        report(db, vessel(db), AS_OF - MINUTE, place)
    report(db, vessel(db), AS_OF - 30 * MINUTE, (4.5, 51.5))
    db.execute(REFRESH, [AS_OF, False])

    def cells(degrees: float, box: list[float] | None, window: str) -> list[list[float]]:
        text = db.execute(
            "select vessel_activity.grid_json(%s::numeric, %s::float8[], %s)",
            [str(degrees), box, window],
        ).fetchone()
        assert text is not None
        found: list[list[float]] = json.loads(text[0])["cells"]
        defined = db.execute(
            "select west::float8, south::float8, vessels"
            " from vessel_activity.grid_at(%s, %s::numeric, %s::float8[], %s)",
            [AS_OF, str(degrees), box, window],
        ).fetchall()
        assert sorted(map(tuple, found)) == sorted(defined)
        return found

    assert cells(1, None, "now") == [[4, 51, 3], [-180, 0, 1], [-180, 89, 1], [-1, -1, 1]]
    assert cells(1, None, "1h")[0] == [4, 51, 4]
    assert cells(0.05, [4, 51, 5, 52], "now") == [[4, 51, 1], [4.2, 51.7, 1], [4.95, 51.95, 1]]
    assert cells(0.5, [170, -10, -170, 90], "24h") == [[-180, 0, 1], [-180, 89.5, 1]]


# --- the server -----------------------------------------------------------------------------------


def test_the_server_gives_areas_and_grid_and_says_what_it_takes(
    url: str, db: psycopg.Connection
) -> None:
    db.execute(PUT, ["Port <b>", square(4, 51, 1)])
    report(db, vessel(db), AS_OF, (4.5, 51.5))
    db.execute(REFRESH, [AS_OF, False])
    with WebServer(url) as web:
        areas = eventually(lambda: web.get(AREAS))
        assert areas.json()["areas"] == [
            {
                "name": "Port <b>",
                "activeNow": 1,
                "activeLastHour": 1,
                "activeLast24h": 1,
                "entered": 1,
                "left": 0,
                "meanSpeed": 10,
                "types": [{"name": "Cargo", "activeNow": 1}],
                "box": [4, 51, 5, 52],
                "shape": json.loads(square(4, 51, 1)),
            }
        ]
        # The server reads the document a moment after it starts.
        metrics = eventually(
            lambda: (
                (text := web.get("/metrics").text)
                and 'vessel_activity_area_vessels{area="Port <b>",window="24h"} 1.0' in text
                and text
            )
        )
        entered = (
            'vessel_activity_area_crossings_last_hour{area="Port <b>",direction="entered"} 1.0'
        )
        assert entered in metrics
        grid = web.get(f"{GRID}?degrees=0.5&box=3,50,6,53&window=1h")
        assert grid.json() == {
            "asOf": "2050-03-13T12:00:00.250Z",
            "degrees": 0.5,
            "window": "1h",
            "box": [3, 50, 6, 53],
            "vessels": 1,
            "omitted": 0,
            "cells": [[4.5, 51.5, 1]],
            "dark": None,
        }
        assert web.get(GRID).headers["cache-control"] == (
            "public, max-age=0, s-maxage=5, must-revalidate"
        )
        for query, error in {
            "degrees=3": "degrees must be one of 1, 0.5, 0.25, 0.1, 0.05",
            "window=year": "window must be one of now, 1h, 24h",
            "box=1,2,3": "box must be west,south,east,north in degrees, such as 3,51,5,53",
            "box=1,2,3,nan": "box must be west,south,east,north in degrees, such as 3,51,5,53",
            "box=1,8,3,4": "box must be west,south,east,north in degrees, such as 3,51,5,53",
        }.items():
            answer = web.get(f"{GRID}?{query}")
            assert (answer.status_code, answer.json()) == (400, {"error": error})
