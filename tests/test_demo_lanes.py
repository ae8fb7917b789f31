# ruff: noqa: E501 - SQL reads best unbroken
"""The simulated vessels sail on sea lanes, never over land, at the speed and course that they report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import cloned
from tests.support.land import Land
from vessel_activity import demo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.database.local_server import LocalServer

# South, north, west, east of the canals and straits that a coarse coastline closes.
_CANALS = {
    "Suez Canal": (29.8, 31.45, 32.1, 32.8),
    "Panama Canal": (8.8, 9.55, -80.1, -79.4),
    "Dardanelles": (39.9, 40.6, 25.9, 27.2),
    "Bosporus": (40.85, 41.4, 28.8, 29.3),
}


def in_a_canal(latitude: float, longitude: float) -> bool:
    return any(
        south <= latitude <= north and west <= longitude <= east
        for south, north, west, east in _CANALS.values()
    )


@pytest.fixture(scope="module")
def land() -> Land:
    return Land()


@pytest.fixture(scope="module")
def fleet(server: LocalServer, template: str) -> Iterator[psycopg.Connection]:
    """Give a database with a fleet of 1,000 vessels."""
    with cloned(server, template) as url, psycopg.connect(url, autocommit=True) as connection:
        demo.install_fleet(connection)
        connection.execute("select vessel_activity_demo.fill(1000)")
        yield connection


def test_the_coastline_tells_land_from_sea(land: Land) -> None:
    places = {
        "Berlin": (52.5, 13.4),
        "Kansas": (39.0, -98.0),
        "Alice Springs": (-23.7, 133.9),
        "Dogger Bank": (54.9, 2.4),
        "Dover Strait": (50.98, 1.42),
        "Bering Sea": (58.0, 180.0),
        "Chukotka": (67.0, 179.9),
        "Chukotka, beyond the antimeridian": (66.5, -179.0),
        "Lofoten": (67.1, 10.6),
    }
    inland = {name for name, place in places.items() if land.lies_inland(*place)}
    assert inland == {
        "Berlin", "Kansas", "Alice Springs", "Chukotka", "Chukotka, beyond the antimeridian"
    }  # fmt: skip


def test_no_lane_runs_over_land(fleet: psycopg.Connection, land: Land) -> None:
    legs = fleet.execute(
        "select distinct round(latitude::numeric, 6)::float8, round(longitude::numeric, 6)::float8,"
        " round(latitude_step::numeric, 6)::float8, round(longitude_step::numeric, 6)::float8,"
        " round(side_latitude::numeric, 6)::float8, round(side_longitude::numeric, 6)::float8,"
        " round(side_latitude_step::numeric, 6)::float8, round(side_longitude_step::numeric, 6)::float8"
        " from vessel_activity_demo.leg"
    ).fetchall()
    assert len(legs) > 5000
    over_land = set()
    for (
        latitude,
        longitude,
        north,
        east,
        side_north,
        side_east,
        side_north_step,
        side_east_step,
    ) in legs:
        # A point each 0.05 degrees, in the middle and at the edge of the lane.
        points = math.ceil(max(abs(north), abs(east)) / 0.05) + 1
        for share in (nth / points for nth in range(points + 1)):
            for side in (0, 0.5, 1):
                y = latitude + share * north + side * (side_north + share * side_north_step)
                x = longitude + share * east + side * (side_east + share * side_east_step)
                if land.lies_inland(y, x) and not in_a_canal(y, (x + 180) % 360 - 180):
                    over_land.add((round(y, 1), round(x, 1)))
    assert over_land == set()
    # Each canal has lanes; the fleet is too small for a vessel in each at any time.
    for south, north, west, east in _CANALS.values():
        assert any(south <= leg[0] <= north and west <= leg[1] <= east for leg in legs)


def test_no_reported_position_lies_on_land(fleet: psycopg.Connection, land: Land) -> None:
    positions = fleet.execute("select latitude, longitude from public.vessel_positions").fetchall()
    assert len(positions) > 30_000
    assert [
        place for place in positions if land.lies_inland(*place) and not in_a_canal(*place)
    ] == []
    # The vessels are spread over the oceans.
    assert len({(y // 10, x // 10) for y, x in positions}) > 100


def test_vessels_move_as_fast_and_where_they_report(fleet: psycopg.Connection) -> None:
    pairs = fleet.execute(
        """
        select * from (
          select p.latitude, p.longitude, p.speed, p.course, extract(epoch from lead(p.timestamp) over w - p.timestamp)::float8,
            lead(p.latitude) over w, lead(p.longitude) over w, lead(p.speed) over w, lead(p.course) over w
          from public.vessel_positions as p
          join vessel_activity_demo.fleet as f on f.vessel_id = p."vesselId"
          join vessel_activity_demo.route as r on r.route = f.route
          where f.report_every_seconds = 1160 and r.destination is not null
          window w as (partition by p."vesselId" order by p.timestamp)
        ) as pair (latitude, longitude, speed, course, seconds, next_latitude, next_longitude, next_speed, next_course)
        where seconds = 1160
        """
    ).fetchall()
    assert len(pairs) > 3000
    straight = 0
    for y, x, speed, course, seconds, next_y, next_x, next_speed, next_course in pairs:
        assert speed == round(speed, 1)
        assert 0 <= course < 360
        if course != next_course or abs(speed - next_speed) > 1 or abs(next_x - x) > 180:
            continue
        straight += 1
        north = (next_y - y) * 60
        east = (next_x - x) * 60 * math.cos(math.radians((y + next_y) / 2))
        sailed = math.hypot(north, east)
        # The reported speed scatters by half a knot; the outer side of a curve is longer than the inner.
        assert sailed == pytest.approx(float(speed) * seconds / 3600, rel=0.3, abs=0.6)
        if sailed > 1:
            off = (math.degrees(math.atan2(east, north)) - course + 180) % 360 - 180
            assert abs(off) < 3
    assert straight > 1500


def test_the_position_of_an_instant_is_the_same_whenever_it_is_computed(
    fleet: psycopg.Connection,
) -> None:
    hour = (
        "select * from vessel_activity_demo.reports('2026-03-01 12:00+00', '2026-03-01 13:00+00')"
    )
    halves = (
        "select * from vessel_activity_demo.reports('2026-03-01 12:00+00', '2026-03-01 12:17:08.5+00') union all"
        " select * from vessel_activity_demo.reports('2026-03-01 12:17:08.5+00', '2026-03-01 13:00+00')"
    )
    assert fleet.execute(f"({hour}) except ({halves})").fetchall() == []
    assert fleet.execute(f"({halves}) except ({hour})").fetchall() == []
    assert len(fleet.execute(hour).fetchall()) > 1000
