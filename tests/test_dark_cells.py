"""Cells go dark if far fewer vessels are there than usual; each refresh equals the definition."""

from __future__ import annotations

import json
import math
import random
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fleet import AS_OF, HOUR, MINUTE, SECOND
from tests.support.webserver import WebServer, eventually

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import psycopg

GRID = "/api/database/vessel-activity/grid"
REFRESH = "select vessel_activity.refresh_at(%s, 'manual', %s)"
VERIFY = "select figure, equal from public.vessel_activity_verify() where not equal"
WEEK = timedelta(weeks=1)
Cell = tuple[int, int]


def report(db: psycopg.Connection, at: datetime, *places: tuple[float, float]) -> None:
    """Let a new vessel report from each place."""
    with db.cursor() as cursor:
        cursor.executemany(
            "with v as (insert into public.vessels (mmsi) values (gen_random_uuid()::text)"
            ' returning id) insert into public.vessel_positions ("vesselId", timestamp, longitude,'
            " latitude) select id, %s, %s, %s from v",
            [(at, *place) for place in places],
        )


def remember(db: psycopg.Connection, hour: datetime, cells: Mapping[Cell, int]) -> None:
    """Write what an hour of the past had in its cells, by their western and southern edges."""
    numbers = [(south + 90) * 360 + west + 180 for west, south in cells]
    db.execute(
        "insert into vessel_activity.cell_history (hour, sampled_at, cells, vessels)"
        " values (%s, %s, %s, %s)",
        (hour, hour + MINUTE, numbers, list(cells.values())),
    )


def told(db: psycopg.Connection) -> Any:  # noqa: ANN401
    row = db.execute("select body -> 'dark' from vessel_activity.activity").fetchone()
    assert row is not None
    return row[0]


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def test_a_cell_is_dark_if_it_has_less_than_a_fifth_of_the_usual(db: psycopg.Connection) -> None:
    rows: list[dict[Cell, int]] = [
        {(4, 51): 10, (5, 51): 11, (-180, -90): 40, (7, 7): 9, (8, 8): 100},
        {(4, 51): 10, (5, 51): 10, (-180, -90): 20, (7, 7): 9},
        {(4, 51): 10, (5, 51): 99, (-180, -90): 30, (7, 7): 10, (9, 9): 70},
    ]
    for week, past in enumerate(rows, 1):
        remember(db, hour_of(AS_OF) - week * WEEK, past)
    remember(db, hour_of(AS_OF) - 9 * WEEK, {(1, 1): 50})
    remember(db, hour_of(AS_OF) - WEEK - HOUR, {(1, 1): 50})
    report(db, AS_OF, (4.0, 51.0), (4.99, 51.99))  # a fifth of 10, which is enough
    report(db, AS_OF - 5 * MINUTE, (5.5, 51.5), (5.5, 51.5))  # of 11
    report(db, AS_OF - 5 * MINUTE - SECOND, *[(5.5, 51.5)] * 9)  # too old
    report(db, AS_OF, *[(180.0, -90.0)] * 5)  # of 30
    db.execute(REFRESH, [AS_OF, False])
    assert told(db) == {"weeks": 3, "count": 2, "cells": [[-180, -90, 5, 30], [5, 51, 2, 11]]}

    db.execute("update vessel_activity.settings set dark_cell_vessels = 9, dark_cell_share = 0.17")
    db.execute(REFRESH, [AS_OF + MINUTE, False])
    cells = [[-180, -90, 5, 30], [5, 51, 0, 11], [7, 7, 0, 9]]
    assert told(db) == {"weeks": 3, "count": 3, "cells": cells}


def test_nothing_is_said_with_one_week_alone(db: psycopg.Connection) -> None:
    remember(db, hour_of(AS_OF) - WEEK, {(4, 51): 100})
    db.execute(REFRESH, [AS_OF, False])
    assert told(db) is None
    remember(db, hour_of(AS_OF) - 8 * WEEK, {(4, 51): 30})
    db.execute(REFRESH, [AS_OF + MINUTE, False])
    assert told(db) == {"weeks": 2, "count": 1, "cells": [[4, 51, 0, 65]]}


def test_the_first_document_of_an_hour_is_its_sample(db: psycopg.Connection) -> None:
    remember(db, hour_of(AS_OF) - 8 * WEEK - HOUR, {(4, 51): 1})
    remember(db, hour_of(AS_OF) - 8 * WEEK, {(4, 51): 1})
    report(db, AS_OF, (4.5, 51.5), (4.5, 51.5), (-0.1, -0.1), (12.0, 90.0))
    for minutes in (0, 1, 59, 60):
        db.execute(REFRESH, [AS_OF + minutes * MINUTE, False])
    samples = db.execute(
        "select hour, sampled_at, cells, vessels from vessel_activity.cell_history order by hour"
    ).fetchall()
    # The sample of eight weeks before told what is usual for the first hour, and no other will ask.
    assert samples == [
        (hour_of(AS_OF), AS_OF, [89 * 360 + 179, 141 * 360 + 184, 179 * 360 + 192], [1, 2, 1]),
        (hour_of(AS_OF) + HOUR, AS_OF + HOUR, [], []),
    ]


def expected(
    history: Mapping[datetime, Mapping[Cell, int]], now: Mapping[Cell, int], at: datetime
) -> set[tuple[int, int, int, float]]:
    """Compute the dark cells in Python."""
    past = [history[hour] for w in range(1, 9) if (hour := hour_of(at) - w * WEEK) in history]
    found = set()
    for cell in {cell for cells in past for cell in cells}:
        usual = median(cells.get(cell, 0) for cells in past)
        vessels = now.get(cell, 0)
        if len(past) >= 2 and usual >= 3 and vessels < usual * 0.4:
            found.add((*cell, vessels, usual))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_every_refresh_of_a_random_schedule_equals_the_definition(
    db: psycopg.Connection, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    cells: list[Cell] = [(-180, -2), (179, 0), (179, 88), (0, 89), (12, 12)]
    db.execute("update vessel_activity.settings set dark_cell_vessels = 3, dark_cell_share = 0.4")
    history: dict[datetime, dict[Cell, int]] = {}
    for week in range(1, 9):
        for hour in range(4):
            if chance.random() < 0.7:
                at = hour_of(AS_OF) + hour * HOUR - week * WEEK
                history[at] = {c: chance.randint(1, 9) for c in cells if chance.random() < 0.8}
                remember(db, at, history[at])
    crew = [
        row[0]
        for row in db.execute(
            "insert into public.vessels (mmsi) select g::text from generate_series(1, 14) as g"
            " returning id"
        )
    ]
    heard: list[tuple[int, datetime, float, float]] = []
    at = AS_OF
    for step in range(24):
        at += chance.choice([30 * SECOND, 4 * MINUTE, 20 * MINUTE])
        for _ in range(chance.randint(0, 9)):
            west, south = chance.choice(cells)
            place = (west + chance.choice([0.0, 0.25, 0.999]), south + chance.choice([0.0, 0.5]))
            ago = chance.choice([0, 100, 299, 301]) * SECOND
            heard.append((chance.choice(crew), at - ago, *place))
            db.execute(
                'insert into public.vessel_positions ("vesselId", timestamp, longitude, latitude)'
                " values (%s, %s, %s, %s)",
                heard[-1],
            )
        if step % 6 == 4:
            db.execute("delete from vessel_activity.cell_usual")
        db.execute(REFRESH, [at, step % 8 == 5])

        columns = "select cell %% 360 - 180, cell / 360 - 90, vessels, usual::float8"
        state = db.execute(f"{columns} from vessel_activity.dark_cells(%s)", [at]).fetchall()
        defined = db.execute(f"{columns} from vessel_activity.dark_cells_at(%s)", [at]).fetchall()
        assert sorted(state) == sorted(defined)
        last: dict[int, tuple[datetime, float, float]] = {}
        for who, when, longitude, latitude in heard:
            # Of two reports at one time the further north and east one counts.
            newest = (when, latitude, longitude)
            last[who] = max(last.get(who, newest), newest)
        now: dict[Cell, int] = {}
        for when, latitude, longitude in last.values():
            if when >= at - 5 * MINUTE:
                cell = (math.floor(longitude), min(math.floor(latitude), 89))
                now[cell] = now.get(cell, 0) + 1
        assert set(defined) == expected(history, now, at)
    assert db.execute(
        "select count(*) > 0, bool_and((verification ->> 'equal')::boolean)"
        " from vessel_activity.refresh_log where verification -> 'places' is not null"
    ).fetchone() == (True, True)


def test_the_grid_tells_of_every_dark_cell(url: str, db: psycopg.Connection) -> None:
    for week in (1, 2):
        usual = {(number, 10): 20 + number for number in range(9)}
        remember(db, hour_of(AS_OF) - week * WEEK, usual)
    db.execute(REFRESH, [AS_OF, False])
    cells = [[number, 10, 0, 20 + number] for number in range(8, -1, -1)]
    assert told(db) == {"weeks": 2, "count": 9, "cells": cells[:5]}
    with WebServer(url) as web:
        grid = eventually(lambda: web.get(f"{GRID}?degrees=0.5&box=3,50,6,53"))
        assert grid.json()["dark"] == {"weeks": 2, "count": 9, "cells": cells}


# --- the verification -----------------------------------------------------------------------------


def put_areas(db: psycopg.Connection) -> None:
    for name, west in (("Port", 4), ("Bay", 20)):
        ring = [[west, 51], [west + 1, 51], [west + 1, 52], [west, 52], [west, 51]]
        db.execute(
            "select public.vessel_activity_area_put(%s, %s)",
            [name, json.dumps({"type": "Polygon", "coordinates": [ring]})],
        )
    row = db.execute("select now()").fetchone()
    assert row is not None
    report(db, row[0] - 3 * HOUR, *[(4.5, 51.5)] * 3, (20.5, 51.5))
    report(db, row[0] - SECOND, *[(4.5, 51.5)] * 2)


@pytest.mark.parametrize(
    ("damage", "figure"),
    [
        ("update vessel_activity.last_report set area_set = 0", "areas"),
        ("update vessel_activity.area_part set holes = array[outline] where area = 1", "areas"),
        ("update vessel_activity.area_past set sets = array_fill(1, array[6])", "areas"),
        ("update vessel_activity.cell_usual set cells = '{7}', usual = '{50}'", "dark_cells"),
    ],
)
def test_the_verification_finds_and_mends_what_is_kept_of_places(
    db: psycopg.Connection, damage: str, figure: str
) -> None:
    put_areas(db)
    row = db.execute("select now()").fetchone()
    assert row is not None
    for week in (1, 2):
        for hours in (0, 1):  # the hour may end meanwhile
            remember(db, hour_of(row[0]) + hours * HOUR - week * WEEK, {(4, 51): 50, (5, 51): 50})
    db.execute("select public.refresh_vessel_activity()")
    assert db.execute(VERIFY).fetchall() == []

    db.execute(damage.encode())
    found = db.execute(VERIFY).fetchall()
    assert found == [(figure, False)]
    assert db.execute(VERIFY).fetchall() == []
    assert db.execute(
        "select active_now, active_last_24h, entered from vessel_activity.area_figures"
        " where area = 1"
    ).fetchone() == (2, 5, 2)
    assert told(db)["cells"] == [[5, 51, 0, 50], [4, 51, 2, 50]]
