# ruff: noqa: S311 - nothing secret is drawn
"""A list of vessels on a combining database is that of all members, in one order, page by page.

What is expected is computed here in plain Python from the same vessels.
"""

from __future__ import annotations

import json
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest

from tests.support.fleet import AS_OF, MINUTE, SECOND, refreshed
from tests.support.members import away, databases, join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from vessel_activity.database.local_server import LocalServer

NAMES = ("combiner", "north", "south")
LIST = "select vessel_activity.vessels_json(%s, null, '1h', 'any', null, %s, %s, %s, %s, %s)"
SQUARE = '{"type": "Polygon", "coordinates": [[[4, 51], [5, 51], [5, 52], [4, 52], [4, 51]]]}'


class Ship(NamedTuple):
    """A vessel with its last position. Vessels of two databases may have the same id."""

    place: str
    number: int
    name: str
    kind: str
    ago: timedelta
    speed: float | None
    longitude: float

    @property
    def mmsi(self) -> str:
        """Return an MMSI that no other vessel has."""
        return f"{NAMES.index(self.place)}{self.number:08}"

    def key(self, sort: str) -> tuple[Any, str, str]:
        """Return what orders the vessel."""
        first = {
            "lastHeard": AS_OF - self.ago,
            "name": self.name,
            "mmsi": self.mmsi,
            "speed": -1 if self.speed is None else self.speed,
        }
        return first[sort], str(self.number), "" if self.place == "combiner" else self.place


def drawn() -> list[Ship]:
    chance = Random(3)
    return [
        Ship(
            place,
            number,
            chance.choice(["Anna", "Berta", "ärla"]),
            chance.choice(["Cargo", "Tug"]),
            chance.choice([0, 1, 1.5, 3599.999, 4000]) * SECOND,
            chance.choice([None, 0, 0.1, 12.3]),
            chance.choice([4.5, 6.5]),
        )
        for place in NAMES
        for number in range(1, 14)
    ]


@pytest.fixture(scope="module")
def joined(server: LocalServer, template: str) -> Iterator[dict[str, psycopg.Connection]]:
    """Give a combining database and its members, with vessels, one area, and a list."""
    with databases(server, template, NAMES) as opened:
        for ship in drawn():
            session = opened[ship.place]
            session.execute(
                'insert into public.vessels (id, mmsi, name, "vesselType", active)'
                " values (%s, %s, %s, %s, true)",
                (ship.number, ship.mmsi, ship.name, ship.kind),
            )
            session.execute(
                'insert into public.vessel_positions ("vesselId", timestamp, speed, longitude, latitude)'  # noqa: E501
                " values (%s, %s, %s, %s, 51.5)",
                (ship.number, AS_OF - ship.ago, ship.speed, ship.longitude),
            )
        combiner = opened["combiner"]
        combiner.execute("update vessel_activity.settings set member_timeout = '20 seconds'")
        for name in NAMES[1:]:
            join(combiner, name, opened[name])
        combiner.execute("select public.vessel_activity_area_put('Port', %s)", (SQUARE,))
        # The first sends the shape. The second is of the instant of the list, and the document of
        # the first is not as old as that.
        refreshed(combiner, AS_OF - MINUTE)
        refreshed(combiner)
        yield opened


def listed(
    session: psycopg.Connection, *, kind: str | None, area: str | None, sort: str, order: str
) -> list[str]:
    """Return the MMSIs of all pages of a list, and check what each page tells of the whole."""
    found: list[str] = []
    counts: set[int] = set()
    after = None
    while not counts or after:
        row = session.execute(LIST, (kind, area, sort, order, after, 4)).fetchone()
        assert row is not None
        page = json.loads(row[0])
        assert len(page["vessels"]) <= 4
        found += [vessel["mmsi"] for vessel in page["vessels"]]
        counts.add(page["count"])
        after = page["next"]
    assert counts == {len(found)}
    return found


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["lastHeard", "name", "mmsi", "speed"])
def test_a_list_is_that_of_all_members_in_one_order(
    joined: dict[str, psycopg.Connection], sort: str, order: str
) -> None:
    # The members may write times in another way.
    joined["combiner"].execute("set datestyle = 'SQL, DMY'; set timezone = 'Asia/Kolkata'")
    for kind, area in product([None, "Tug"], [None, "Port"]):
        ships = [
            ship
            for ship in drawn()
            if ship.ago < 4000 * SECOND
            and kind in {None, ship.kind}
            and (area is None or ship.longitude == 4.5)
        ]
        ships.sort(key=lambda ship: ship.key(sort), reverse=order == "desc")
        found = listed(joined["combiner"], kind=kind, area=area, sort=sort, order=order)
        assert found == [ship.mmsi for ship in ships]
        assert len(found) > 4


def test_a_list_without_a_member_is_refused_or_of_the_others(
    joined: dict[str, psycopg.Connection],
) -> None:
    combiner = joined["combiner"]

    def whole() -> set[str]:
        found = listed(combiner, kind=None, area=None, sort="mmsi", order="asc")
        return {mmsi[0] for mmsi in found}

    with away(joined, "south"):
        with pytest.raises(psycopg.OperationalError, match="members did not answer: south"):
            whole()
        combiner.execute("update vessel_activity.settings set allow_missing_members = true")
        assert whole() == {"0", "1"}
        combiner.execute("update vessel_activity.settings set allow_missing_members = false")
    assert whole() == {"0", "1", "2"}
