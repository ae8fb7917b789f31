# ruff: noqa: S311 - nothing secret is drawn
"""Where members may have vessels in common, each vessel is counted once.

Two regional databases number their vessels each for itself. The same ship is in both, with the same
MMSI and another id. What is expected is computed by plain SQL over the rows of all databases.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support.fleet import AS_OF, MINUTE, SECOND, definition, refreshed, stored
from tests.support.members import UNION, check, databases, document, figures_of_union, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import psycopg

    from vessel_activity.database.local_server import LocalServer

NAMES = ("combiner", "north", "south")


@pytest.fixture
def joined(server: LocalServer, template: str) -> Iterator[dict[str, psycopg.Connection]]:
    """Give a combining database whose members may have vessels in common."""
    with databases(server, template, NAMES) as opened:
        combiner = opened["combiner"]
        combiner.execute(
            "update vessel_activity.settings set member_timeout = '20 seconds',"
            " overlapping_members = true"
        )
        for name in NAMES[1:]:
            join(combiner, name, opened[name])
        combiner.execute(UNION)
        yield opened


def launch(joined: Mapping[str, psycopg.Connection], name: str, *ship: str) -> int:
    """Register a ship: MMSI, type, flag state, and whether it is active. Return its id."""
    row = (
        joined[name]
        .execute(
            'insert into public.vessels (mmsi, "vesselType", flag, active) values (%s, %s, %s, %s)'
            " returning id",
            ship,
        )
        .fetchone()
    )
    assert row is not None
    joined["combiner"].execute(
        "insert into ship values (%s, %s, %s, %s, %s, %s)", (NAMES.index(name), row[0], *ship)
    )
    return int(row[0])


def hear(
    joined: Mapping[str, psycopg.Connection], name: str, number: int, at: datetime, speed: int
) -> None:
    joined[name].execute(
        'insert into public.vessel_positions ("vesselId", timestamp, speed) values (%s, %s, %s)',
        (number, at, speed),
    )
    joined["combiner"].execute(
        "insert into report values (%s, %s, %s, %s)", (NAMES.index(name), number, at, speed)
    )


def test_each_vessel_is_counted_once_in_every_window_and_in_the_fleet(
    joined: dict[str, psycopg.Connection],
) -> None:
    chance, combiner = Random(8), joined["combiner"]
    crews: dict[str, list[int]] = {name: [] for name in NAMES}
    for name in NAMES:
        # Each has twelve of the same twenty ships, in an order of its own.
        for ship in chance.sample(range(20), 12):
            kind = chance.choice(["Cargo", "Tug"])
            flag = chance.choice(["NL", "NO", "PA"])
            active = chance.choice(["true", "true", "false"])
            crews[name].append(launch(joined, name, f"2440000{ship:02}", kind, flag, active))
        crews[name].append(1000)  # without a row of its own, so known by its id
    at = AS_OF
    for _ in range(6):
        for name in NAMES:
            for number in chance.sample(crews[name], 5):
                ago = chance.choice([0, 299, 301, 3599, 3601, 86_399, 86_401]) * SECOND
                hear(joined, name, number, at - ago, chance.choice([0, 3, 12]))
        figures = refreshed(combiner, at)
        assert figures == figures_of_union(combiner, at)
        assert figures == definition(combiner, at) == stored(combiner)
        told = document(combiner)
        for key, vessels in (
            ("activeNow", figures.active_now),
            ("activeLastHour", figures.active_last_hour),
            ("activeLast24h", figures.active_last_24h),
            ("fleet", figures.total_vessels),
        ):
            for groups in (told["types"], told["flags"]):
                assert sum(group[key] for group in groups) == vessels
        fleet = {group["name"]: group["fleet"] for group in told["types"] if group["fleet"]}
        assert fleet == dict(figures.vessel_types)
        at += 17 * MINUTE
    sums = [
        joined[name]
        .execute("select active_last_24h from public.vessel_activity_realtime")
        .fetchone()
        for name in NAMES[1:]
    ]
    assert figures.active_last_24h < sum(row[0] for row in sums if row)
    state, detail, _ = check(combiner, "north")
    assert state == "ok"
    assert detail.endswith("vessels that are in another member too are counted once")


def test_ids_that_two_databases_have_given_to_different_ships_do_not_clash(
    joined: dict[str, psycopg.Connection],
) -> None:
    combiner = joined["combiner"]
    combiner.execute("update vessel_activity.settings set overlapping_members = false")
    for place, name in enumerate(NAMES):
        hear(joined, name, launch(joined, name, f"24400000{place}", "Tug", "NL", "true"), AS_OF, 3)

    assert refreshed(combiner) == figures_of_union(combiner, AS_OF)
    assert [check(combiner, name)[0] for name in NAMES[1:]] == ["ok", "ok"]

    number = launch(joined, "south", "244000001", "Tug", "NL", "true")  # that of north
    hear(joined, "south", number, AS_OF, 3)
    combiner.execute("select vessel_activity.refresh_at(%s, 'manual', true)", (AS_OF + SECOND,))
    assert "such as vessel 244000001, also in south" in check(combiner, "north")[1]
