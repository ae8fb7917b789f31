"""The vessels behind a number: the right ones, sorted, paged by key, bounded, as JSON and CSV."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psycopg
import pytest

from tests.support.fleet import AS_OF
from tests.support.webserver import VESSELS, WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator

PUT = "select public.vessel_activity_area_put(%s, %s)"
OSLO = [[10, 59], [11, 59], [11, 60], [10, 60], [10, 59]]
PACIFIC = [[179, -20], [-179, -20], [-179, 20], [179, 20], [179, -20]]
# mmsi, name, type, flag, minutes since the last position, speed, latitude, longitude
FLEET = [
    ("1", "=ANNA", "Cargo", "NO", 1, 12.3, 59.9, 10.7),
    ("2", "BERTA", "Cargo", "PA", 2, 0.2, -10, 179.5),
    ("3", "CLARA", "Tug", "NO", 3, None, 10, -179.5),
    ("4", None, None, " ", 30, 5, None, None),
    ("5", "EMMA", "Cargo", "NO", 90, 7, 1, 1),
    ("6", "FRIDA", "Cargo", "NO", 600, 7, 1, 1),
]


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    with psycopg.connect(module_url, autocommit=True) as db:
        with db.cursor() as cursor:
            cursor.executemany(
                'with v as (insert into vessels (mmsi, name, "vesselType", flag)'
                " values (%s, %s, %s, %s) returning id) insert into vessel_positions"
                ' ("vesselId", timestamp, speed, latitude, longitude)'
                " select id, now() - %s * interval '1 minute', %s, %s, %s from v",
                FLEET,
            )
        # Two of them were heard yesterday, so they are not new.
        db.execute(
            'insert into vessel_positions ("vesselId", timestamp)'
            " select id, now() - interval '20 hours' from vessels where mmsi in ('1', '4')"
        )
        for name, ring in (("Oslo", OSLO), ("Pacific & more", PACIFIC)):
            db.execute(PUT, [name, json.dumps({"type": "Polygon", "coordinates": [ring]})])
        db.execute("select public.refresh_vessel_activity()")
    with WebServer(module_url) as running:
        yield running


def listed(web: WebServer, **query: object) -> dict[str, Any]:
    answer = web.get(f"{VESSELS}?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize(
    ("query", "mmsis"),
    [
        ({}, "123"),
        ({"window": "1h"}, "1234"),
        ({"window": "24h"}, "123456"),
        ({"window": "24h", "order": "asc"}, "654321"),
        ({"window": "24h", "sort": "name"}, "412356"),  # no name comes first
        ({"window": "24h", "sort": "speed"}, "165423"),  # no speed comes last
        ({"type": "Cargo"}, "12"),
        ({"type": "Unknown", "window": "1h"}, "4"),
        ({"flag": "Unknown", "window": "1h"}, "4"),
        ({"flag": "NO", "type": "Cargo", "window": "24h"}, "156"),
        ({"state": "underWay", "window": "1h"}, "14"),
        ({"state": "stopped", "window": "1h"}, "2"),
        ({"state": "unknown", "window": "1h"}, "3"),
        ({"state": "new", "window": "1h"}, "23"),
        ({"state": "silent"}, "5"),
        ({"box": "10,59,11,60"}, "1"),
        ({"box": "179,-90,-179,90"}, "23"),  # across the antimeridian
        ({"box": "10,59,10.7,60"}, ""),  # the eastern edge belongs to the next box
        ({"box": "10.7,59.9,11,60"}, "1"),
        ({"area": "Oslo"}, "1"),
        ({"area": "Pacific & more"}, "23"),  # across the antimeridian
        ({"area": "Pacific & more", "state": "stopped", "window": "1h"}, "2"),
        ({"type": "' or true --"}, ""),
    ],
)
def test_a_list_holds_the_vessels_asked_for(
    web: WebServer, query: dict[str, str], mmsis: str
) -> None:
    told = listed(web, **query)
    assert "".join(vessel["mmsi"] for vessel in told["vessels"]) == mmsis
    assert told["count"] == len(mmsis)
    assert told["next"] is None


def test_a_vessel_is_told_with_its_names_and_its_last_report(web: WebServer) -> None:
    vessel = listed(web)["vessels"][0]
    assert vessel.pop("lastHeard").endswith("Z")
    assert vessel == {
        "id": vessel["id"],
        "mmsi": "1",
        "name": "=ANNA",
        "type": "Cargo",
        "flag": "NO",
        "speed": 12.3,
        "latitude": 59.9,
        "longitude": 10.7,
    }


@pytest.mark.parametrize("sort", ["lastHeard", "name", "mmsi", "speed"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_follow_each_other_without_a_gap(web: WebServer, sort: str, order: str) -> None:
    query = {"window": "24h", "sort": sort, "order": order}
    whole = [vessel["mmsi"] for vessel in listed(web, **query)["vessels"]]
    pages, after = [], None
    while True:
        more: dict[str, str] = {} if after is None else {"after": json.dumps(after)}
        told = listed(web, **query, **more, limit=2)
        assert told["count"] == 6
        pages.append([vessel["mmsi"] for vessel in told["vessels"]])
        after = told["next"]
        if after is None:
            break
    assert [len(page) for page in pages] == [2, 2, 2]
    assert [mmsi for page in pages for mmsi in page] == whole


def test_a_list_as_csv_holds_no_formula(web: WebServer) -> None:
    answer = web.get(f"{VESSELS}.csv?sort=mmsi&type=Cargo")
    lines = answer.text.split("\r\n")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert lines[0] == "mmsi,name,type,flag,lastHeard,speed,latitude,longitude"
    assert lines[1].startswith("1,'=ANNA,Cargo,NO,")
    assert lines[2].startswith("2,BERTA,Cargo,PA,")
    assert lines[2].endswith(",0.2,-10.0,179.5")


@pytest.mark.parametrize(
    "query",
    [
        *("window=2h", "state=moving", "sort=flag", "order=up", "limit=0", "limit=201"),
        *("limit=x", "box=1,2,3", "box=1,2,3,nan", "box=181,0,1,1", "box=1,2,3,91"),
        "flag=" + "x" * 201,
    ],
)
def test_a_wrong_parameter_is_refused(web: WebServer, query: str) -> None:
    answer = web.get(f"{VESSELS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(query.partition("=")[0])


@pytest.mark.parametrize(
    "query",
    [
        *("after=x", 'after=["a","b"]', 'after=["1"]', "after=[1,2]", "sort=speed&after=[]"),
        *('sort=name&after=["\\u0000","b"]', 'sort=name&after=["\\ud800","b"]'),
    ],
)
def test_a_page_that_can_not_exist_is_not_found(web: WebServer, query: str) -> None:
    answer = web.get(f"{VESSELS}?{query}")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("after must be next")


@pytest.mark.parametrize("name", ["Atlantis", "", "oslo", "a\0"])
def test_a_list_of_an_area_that_is_not_there_is_not_found(web: WebServer, name: str) -> None:
    for path in (VESSELS, f"{VESSELS}.csv"):
        answer = web.get(f"{path}?{urlencode({'area': name})}")
        assert answer.status_code == 404
        assert answer.json() == {"error": f"there is no area {name}"}


def is_inside(x: Fraction, y: Fraction, ring: list[list[int]]) -> bool:
    """Count the edges of a ring that lie east of a point: an odd number if it is inside."""
    crossed = 0
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * Fraction(x2 - x1, y2 - y1):
            crossed += 1
    return crossed % 2 == 1


@pytest.mark.parametrize("from_state", [True, False])
def test_the_list_of_an_area_holds_the_vessels_that_lie_in_it(
    db: psycopg.Connection, from_state: bool
) -> None:
    """Compare with exact arithmetic: vessels that moved, an area with a hole and an island."""
    chance = random.Random(4)  # noqa: S311
    outline = [[170, -9], [184, -8], [190, 3], [181, 10], [177, 4], [171, 8], [170, -9]]
    hole = [[178, -3], [183, -4], [182, 2], [178, -3]]
    island = [[-20, 50], [-12, 50], [-15, 57], [-20, 50]]
    other = [[174, -20], [178, -20], [178, 20], [174, 20], [174, -20]]
    shape = {"type": "MultiPolygon", "coordinates": [[outline, hole], [island]]}
    db.execute(PUT, ["Here", json.dumps(shape)])
    db.execute(PUT, ["There", json.dumps({"type": "Polygon", "coordinates": [other]})])
    places: dict[str, tuple[int, int, int]] = {}  # the last: minutes ago, and 1/1000 degrees
    with db.cursor() as cursor:
        for number in range(600):
            mmsi = f"{number:09}"
            west, south = (165, -12) if number % 4 else (-22, 48)
            for ago in sorted(chance.sample(range(1, 90), 2), reverse=True):
                x = west * 1000 + chance.randrange(30_000)
                x = x - 360_000 if x >= 180_000 else x
                places[mmsi] = (ago, x, south * 1000 + chance.randrange(24_000))
                cursor.execute(
                    "with v as (insert into vessels (mmsi) values (%s) on conflict (mmsi)"
                    " do update set name = 'x' returning id) insert into vessel_positions"
                    ' ("vesselId", timestamp, longitude, latitude)'
                    " select id, %s, %s / 1000.0, %s / 1000.0 from v",
                    (mmsi, AS_OF - ago * timedelta(minutes=1), *places[mmsi][1:]),
                )
    db.execute("select vessel_activity.refresh_at(%s, 'manual')", (AS_OF,))
    if not from_state:
        db.execute("update vessel_activity.state set fingerprint = null")

    expected = set()
    for mmsi, (ago, x, y) in places.items():
        latitude = Fraction(y, 1000)
        for longitude in (Fraction(x, 1000), Fraction(x, 1000) + 360):
            within = is_inside(longitude, latitude, outline) != is_inside(longitude, latitude, hole)
            if ago <= 60 and (within or is_inside(longitude, latitude, island)):
                expected.add(mmsi)
    found: list[str] = []
    after = None
    while not found or after:
        text = db.execute(
            "select vessel_activity.vessels_json(null, null, '1h', 'any', null, 'Here', 'mmsi',"
            " 'asc', %s, 20)",
            (after,),
        ).fetchone()
        assert text is not None
        told = json.loads(text[0])
        assert told["count"] == len(expected)
        found += [vessel["mmsi"] for vessel in told["vessels"]]
        after = told["next"]
    assert len(expected) > 50
    assert found == sorted(expected)


@pytest.mark.parametrize("query", [{"type": "a\0"}, {"box": "0,60,10,50"}])
def test_a_filter_that_nothing_passes_gives_an_empty_list(
    web: WebServer, query: dict[str, str]
) -> None:
    assert listed(web, **query)["vessels"] == []


def test_a_list_that_takes_too_long_ends_and_the_figures_go_on(
    web: WebServer, module_url: str
) -> None:
    with psycopg.connect(module_url) as other:
        other.execute("lock table public.vessels in access exclusive mode")
        answer = web.get(f"{VESSELS}?type=Locked")
        assert answer.status_code == 500
        assert web.get("/healthz").status_code == 200
        other.rollback()
    assert listed(web, type="Locked")["count"] == 0
