"""The vessels behind a number: the right ones, sorted, paged by key, bounded, as JSON and CSV."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psycopg
import pytest

from tests.support.webserver import VESSELS, WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator

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
