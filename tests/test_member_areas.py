"""Areas are drawn on the combining database, and vessels of all members are counted in them.

What is expected is computed here in plain Python from the same positions.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support.fleet import AS_OF, HOUR, MINUTE, SECOND, refreshed
from tests.support.members import check, databases, document, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import psycopg

    from vessel_activity.database.local_server import LocalServer

MEMBERS = ("north", "south")
TYPES = ["Cargo", "Tug", "Tanker", "Ferry", "Yacht", "Dredger", "Pilot"]
AREAS = {"Port": (4.0, 51.0, 1.0), "Bay": (4.5, 51.5, 1.0), "Far": (-179.0, -10.0, 2.0)}
DAY = 24 * HOUR


class Report(NamedTuple):
    """A position: when, where and how fast."""

    at: datetime
    longitude: float
    latitude: float
    speed: Decimal


class Ship(NamedTuple):
    """A vessel with its positions."""

    kind: str
    track: list[Report]

    def last(self, as_of: datetime) -> Report | None:
        """Return the last position at an instant, if it is not older than a day."""
        known = [report for report in self.track if as_of - DAY <= report.at <= as_of]
        return max(known, default=None)


@pytest.fixture
def joined(server: LocalServer, template: str) -> Iterator[dict[str, psycopg.Connection]]:
    """Give a combining database and its two members."""
    with databases(server, template, ["combiner", *MEMBERS]) as opened:
        opened["combiner"].execute(
            "update vessel_activity.settings set member_timeout = '20 seconds'"
        )
        for name in MEMBERS:
            join(opened["combiner"], name, opened[name])
        yield opened


def put(session: psycopg.Connection, name: str) -> None:
    west, south, size = AREAS[name]
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    shape = json.dumps({"type": "Polygon", "coordinates": [ring]})
    session.execute("select public.vessel_activity_area_put(%s::text, %s::jsonb)", (name, shape))


def launch(session: psycopg.Connection, number: int, kind: str) -> None:
    session.execute(
        'insert into public.vessels (id, mmsi, name, "vesselType", active)'
        " values (%s, %s, 'x', %s, true)",
        (number, str(number), kind),
    )


def report(session: psycopg.Connection, number: int, *reports: Report) -> None:
    with session.cursor() as cursor:
        cursor.executemany(
            "insert into public.vessel_positions"
            ' ("vesselId", timestamp, longitude, latitude, speed) values (%s, %s, %s, %s, %s)',
            [(number, *each) for each in reports],
        )


def is_inside(place: Report | None, name: str) -> bool:
    west, south, size = AREAS[name]
    return (
        place is not None
        and west <= place.longitude <= west + size
        and south <= place.latitude <= south + size
    )


def expected(
    ships: Sequence[Ship], name: str, as_of: datetime, since: datetime
) -> dict[str, object]:
    """Compute the figures of one area."""
    now = [(ship, last) for ship in ships if (last := ship.last(as_of)) is not None]
    inside = [(ship, last) for ship, last in now if is_inside(last, name)]
    heard = [(ship, last) for ship, last in now if last.at > since]
    hour = [last.speed for _, last in inside if last.at >= as_of - HOUR]
    speeds = [speed for speed in hour if 0 < speed < 50]
    types = Counter(ship.kind for ship, last in inside if last.at >= as_of - 5 * MINUTE)
    commonest = sorted(types.items(), key=lambda item: (-item[1], item[0]))[:5]
    mean = sum(speeds, Decimal(0)) / len(speeds) if speeds else None
    return {
        "name": name,
        "activeNow": types.total(),
        "activeLastHour": len(hour),
        "activeLast24h": len(inside),
        "entered": sum(
            is_inside(last, name) and not is_inside(ship.last(since), name) for ship, last in heard
        ),
        "left": sum(
            is_inside(ship.last(since), name) and not is_inside(last, name) for ship, last in heard
        ),
        "meanSpeed": mean and float(mean.quantize(Decimal("0.01"), ROUND_HALF_UP)),
        "types": [{"name": kind, "activeNow": vessels} for kind, vessels in commonest],
    }


def counted(session: psycopg.Connection) -> tuple[dict[str, Any], datetime]:
    """Return the areas of the document by their names, and the instant that they compare with."""
    row = session.execute("select min(since) from vessel_activity.area_figures").fetchone()
    assert row is not None
    return {area["name"]: area for area in document(session)["areas"]}, row[0]


def equals(session: psycopg.Connection, ships: Sequence[Ship], as_of: datetime) -> None:
    areas, since = counted(session)
    names = [name for (name,) in session.execute("select name from public.vessel_activity_area")]
    assert as_of - HOUR - 5 * MINUTE < since <= as_of - HOUR
    assert areas == {name: expected(ships, name, as_of, since) for name in names}
    defined = session.execute(
        "select to_json(d)::text from vessel_activity.areas_at(%s, %s) as d order by d.area",
        (as_of, since),
    ).fetchall()
    stored = session.execute(
        "select to_json(f)::text from vessel_activity.area_figures as f order by f.area"
    ).fetchall()
    assert stored == defined


def somewhere(chance: Random, at: datetime) -> Report:
    longitude, latitude = chance.choice([(4.25, 51.25), (4.75, 51.75), (5.25, 52.25), (0.5, 40.5)])
    return Report(at, longitude, latitude, Decimal(chance.choice([0, 25, 61, 123, 999])) / 10)


@pytest.fixture
def fleet(joined: dict[str, psycopg.Connection]) -> dict[str, dict[int, Ship]]:
    """Give each database twelve vessels of several types."""
    chance = Random(5)  # noqa: S311
    fleet: dict[str, dict[int, Ship]] = {}
    for place, name in enumerate(joined):
        fleet[name] = {100 * place + number: Ship(chance.choice(TYPES), []) for number in range(12)}
        for number, ship in fleet[name].items():
            launch(joined[name], number, ship.kind)
    return fleet


def ships(fleet: Mapping[str, Mapping[int, Ship]]) -> list[Ship]:
    return [ship for crew in fleet.values() for ship in crew.values()]


def test_the_figures_of_areas_are_of_all_members(
    joined: dict[str, psycopg.Connection], fleet: dict[str, dict[int, Ship]]
) -> None:
    combiner, chance = joined["combiner"], Random(6)  # noqa: S311
    put(combiner, "Port")
    refreshed(combiner)  # sends the shape
    at = AS_OF
    for step in range(14):
        at += chance.choice([2 * MINUTE, 5 * MINUTE, 17 * MINUTE])
        for name, crew in fleet.items():
            for number in chance.sample(sorted(crew), 5):
                late = chance.choice([0, 0, 3, 200, 2000]) * SECOND
                told = somewhere(chance, at - late)
                report(joined[name], number, told)
                crew[number].track.append(told)
        if step == 4:  # a refresh of its own, so that it keeps another instant
            refreshed(joined["north"], at - MINUTE)
        if step == 7:
            put(combiner, "Bay")
            put(combiner, "Far")
            refreshed(combiner, at - MINUTE)  # sends the shapes
        if step == 10:
            joined["south"].execute("delete from vessel_activity.state")
        refreshed(combiner, at)
        equals(combiner, ships(fleet), at)
    areas, _ = counted(combiner)
    assert areas["Port"]["activeLast24h"] > 5
    assert sum(area["entered"] for area in areas.values()) > 0
    assert joined["north"].execute("select name from public.vessel_activity_area").fetchall() == []
    assert document(joined["north"])["areas"] == []


def test_a_member_whose_row_is_of_a_later_instant_counts_by_the_definition(
    joined: dict[str, psycopg.Connection], fleet: dict[str, dict[int, Ship]]
) -> None:
    combiner = joined["combiner"]
    put(combiner, "Port")
    due = "delete from vessel_activity.activity"  # the document
    combiner.execute(due)
    first = datetime.now(UTC)
    refreshed(combiner, first)  # sends the shape
    combiner.execute(due)
    now = datetime.now(UTC)
    at = first + (now - first) / 2
    for name, crew in fleet.items():
        for number, ago in zip(crew, (0, 20, 60, 4000), strict=False):
            told = Report(at - ago * SECOND, 4.25, 51.25, Decimal("6.1"))
            report(joined[name], number, told)
            crew[number].track.append(told)
        report(joined[name], max(crew), Report(now, 4.25, 51.25, Decimal(7)))  # too late
    refreshed(joined["north"], now)

    refreshed(combiner, at)

    equals(combiner, ships(fleet), at)
    assert counted(combiner)[0]["Port"]["activeNow"] == 9


def test_the_figures_stay_until_every_member_has_the_shape(
    joined: dict[str, psycopg.Connection],
) -> None:
    combiner = joined["combiner"]
    place = Report(AS_OF, 4.25, 51.25, Decimal(5))
    for number, name in enumerate(joined):
        report(joined[name], number, place)
    put(combiner, "Port")
    joined["south"].execute("update vessel_activity.settings set area_limit = 0")

    for seconds in range(2):
        refreshed(combiner, AS_OF + seconds * MINUTE)
    assert document(combiner)["areas"] == []
    state, detail, _ = check(combiner, "south")
    assert state == "warn"
    assert "as many as settings.area_limit of this member allows" in detail
    assert check(combiner, "north")[0] == "ok"

    joined["south"].execute("update vessel_activity.settings set area_limit = 9")
    for seconds in range(2, 4):
        refreshed(combiner, AS_OF + seconds * MINUTE)
    assert counted(combiner)[0]["Port"]["activeNow"] == 3
    assert check(combiner, "south")[0] == "ok"


def test_an_area_that_is_removed_leaves_the_members(
    joined: dict[str, psycopg.Connection],
) -> None:
    combiner = joined["combiner"]
    for name in AREAS:
        put(combiner, name)
    refreshed(combiner)
    combiner.execute("select public.vessel_activity_area_remove('Bay'::text)")
    put(combiner, "Port")
    refreshed(combiner, AS_OF + MINUTE)
    asked = "select count(*) from vessel_activity.asked_area"
    parts = "select count(distinct area) from vessel_activity.area_part"
    for name in MEMBERS:
        assert joined[name].execute(asked).fetchone() == (2,)
        assert joined[name].execute(parts).fetchone() == (2,)

    # Nobody asks any more.
    joined["north"].execute(
        "update vessel_activity.area_asker set asked_at = now() - interval '25 hours'"
    )
    joined["north"].execute("select vessel_activity.maintain()")
    for table in ("asked_area", "area_asker", "area_part", "area_cell"):
        left = joined["north"].execute(f"select count(*) from vessel_activity.{table}")  # noqa: S608
        assert left.fetchone() == (0,)
    refreshed(combiner, AS_OF + 2 * MINUTE)
    refreshed(combiner, AS_OF + 3 * MINUTE)
    assert joined["north"].execute(asked).fetchone() == (2,)
