"""A part is what one node adds to the figures: the state and the definition give the same one.

The row is made of parts by one function. It adds them up before it chooses the ten commonest
groups and divides for the mean.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from tests.conftest import cloned
from tests.support.fleet import (
    AS_OF,
    HOUR,
    MICROSECOND,
    MINUTE,
    ROUTES,
    SECOND,
    add_positions,
    add_vessels,
    computed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vessel_activity.database.local_server import LocalServer

_TWELVE = [(f"Type {number:02}", "NO") for number in range(12)]


class Part(NamedTuple):
    """A part as a test writes it: counts, the speeds, and the fleet by group."""

    counts: tuple[int, int, int, int]
    speed_sum: str
    speed_count: int
    fleet: Sequence[tuple[str, str, int]]

    def text(self) -> str:
        """Write the part as SQL."""
        groups = ", ".join(f"('{kind}', '{name}', {n})" for kind, name, n in self.fleet)
        return (
            f"('2050-01-01 00:00+00', {', '.join(map(str, self.counts))}, {self.speed_sum},"
            f" {self.speed_count}, array[{groups}]::vessel_activity.fleet_group[],"
            " '{public.vessels}')::vessel_activity.part"
        )


@pytest.fixture(scope="module")
def connection(server: LocalServer, template: str) -> Iterator[psycopg.Connection]:
    """Give one database to all tests here."""
    with cloned(server, template) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def db(connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Give the database in its first state; everything a test does is rolled back."""
    with connection.transaction(force_rollback=True):
        yield connection


def row_of(db: psycopg.Connection, *parts: Part) -> tuple[object, ...]:
    """Make the row of parts, and return what can be added up or divided."""
    row = db.execute(
        "select r.active_now, r.active_last_hour, r.active_last_24h, r.positions_last_hour,"  # noqa: S608
        " r.total_vessels, r.speed_avg, r.vessel_types::text, r.top_flags::text"
        f" from vessel_activity.row_of_parts(array[{', '.join(p.text() for p in parts)}]) as r"
    ).fetchone()
    assert row is not None
    return row


def test_parts_are_added_up(db: psycopg.Connection) -> None:
    one = Part((1, 2, 3, 10), "10.0", 4, [("total", "", 5), ("type", "Tug", 5), ("flag", "NO", 5)])
    two = Part(
        (10, 20, 30, 100), "0.5", 2, [("total", "", 2), ("type", "Cargo", 2), ("flag", "NO", 2)]
    )

    row = row_of(db, one, two)

    assert row[:5] == (11, 22, 33, 110, 7)
    assert row[5] == Decimal("1.75")  # 10.5 knots over six positions, and not a mean of means
    assert row[6:] == ('{ "Tug" : 5, "Cargo" : 2 }', '[{"flag" : "NO", "count" : 7}]')


def test_a_type_that_is_rare_in_each_part_may_be_the_commonest_of_all(
    db: psycopg.Connection,
) -> None:
    parts = [
        Part(
            (0, 0, 0, 0),
            "0",
            0,
            [("type", f"{letter}{number}", 3) for number in range(10)] + [("type", "Rare", 2)],
        )
        for letter in "AB"
    ]

    types = str(row_of(db, *parts)[6])

    assert types.startswith('{ "Rare" : 4, "A0" : 3, ')
    assert types.count(":") == 10


def test_the_mean_of_no_speed_is_zero(db: psycopg.Connection) -> None:
    nothing = Part((0, 0, 0, 0), "0", 0, [])

    assert row_of(db, nothing, nothing) == (0, 0, 0, 0, 0, 0, "{}", "[]")


def test_one_part_has_all_groups_of_the_fleet(db: psycopg.Connection) -> None:
    add_vessels(db, _TWELVE)

    fleet = db.execute(
        "select f.kind, f.name, f.vessels from vessel_activity.part_at(%s) as p"
        " cross join unnest(p.fleet) with ordinality as f (kind, name, vessels, place)"
        " order by f.place",
        (AS_OF,),
    ).fetchall()

    assert fleet == [
        ("flag", "NO", 12),
        ("total", "", 12),
        *(("type", name, 1) for name, _ in _TWELVE),
    ]


def test_a_part_says_what_it_covers(db: psycopg.Connection) -> None:
    sources = db.execute("select (vessel_activity.part_at(%s)).sources", (AS_OF,)).fetchone()

    assert sources == (["public.vessel_positions", "public.vessels"],)


@pytest.mark.parametrize("route", ROUTES)
def test_the_row_is_that_of_the_part(db: psycopg.Connection, route: str) -> None:
    def write() -> None:
        add_vessels(db, [("Cargo", "NO"), ("Tug", None)])
        add_positions(db, (1, AS_OF), (2, AS_OF - 6 * MINUTE), speed=7.25)
        add_positions(db, (3, AS_OF - HOUR), (3, AS_OF - HOUR - MICROSECOND), speed=10)

    figures = computed(db, route, write)

    part = db.execute(
        "select p.active_now, p.active_last_hour, p.active_last_24h, p.positions, p.speed_sum,"
        " p.speed_count from vessel_activity.part_at(%s) as p",
        (AS_OF,),
    ).fetchone()
    assert part == (1, 3, 3, 3, Decimal("24.5"), 3)
    assert figures[:5] == (1, 3, 3, 2, 3)
    assert figures.speed_avg == Decimal("8.17")


def test_a_verification_finds_a_wrong_group_beyond_the_ten_of_the_row(
    db: psycopg.Connection,
) -> None:
    add_vessels(db, [*_TWELVE, *_TWELVE[:10]])
    db.execute("select vessel_activity.refresh_at(%s, 'manual')", (AS_OF,))
    db.execute("update vessel_activity.fleet_count set name = 'Type XX' where name = 'Type 11'")

    db.execute("select vessel_activity.refresh_at(%s, 'manual', true)", (AS_OF + SECOND,))

    found = db.execute(
        "select mode, verification ->> 'equal',"
        " (verification -> 'state')::text = (verification -> 'definition')::text"
        " from vessel_activity.refresh_log order by id desc limit 1"
    ).fetchone()
    assert found == ("rebuild", "false", True)
