"""Helpers of the tests of the figures: vessels, positions, an instant, the answer.

All instants lie decades ahead, so that a test can refresh "as of" them at once. They are on the
second Sunday of March, when New York's day has 23 hours.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

AS_OF = datetime(2050, 3, 13, 12, 0, 0, 250_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)

ROUTES = ("definition", "incremental", "rebuild")
"""The three ways to compute a figure; all must give the same."""


class Figures(NamedTuple):
    """One row of figures; types and flags as lists of pairs, in stored order."""

    active_now: int
    active_last_hour: int
    active_last_24h: int
    total_vessels: int
    positions_last_hour: int
    vessel_types: list[tuple[str, int]]
    top_flags: list[tuple[str, int]]
    speed_avg: Decimal
    updated_at: datetime


_COLUMNS = """r.active_now, r.active_last_hour, r.active_last_24h, r.total_vessels,
    r.positions_last_hour, r.vessel_types::text, r.top_flags::text, r.speed_avg, r.updated_at"""


def _figures(cursor: psycopg.Cursor[Any]) -> Figures:
    row = cursor.fetchone()
    assert row is not None
    types = json.loads(row[5], object_pairs_hook=list)
    flags = [(one["flag"], one["count"]) for one in json.loads(row[6])]
    return Figures._make([*row[:5], types, flags, *row[7:]])


def definition(db: psycopg.Connection, as_of: datetime = AS_OF) -> Figures:
    """Compute the figures by the definition."""
    return _figures(
        db.execute(f"select {_COLUMNS} from public.vessel_activity_at(%s) as r", (as_of,))  # noqa: S608
    )


def refreshed(db: psycopg.Connection, as_of: datetime = AS_OF) -> Figures:
    """Refresh as of an instant and return the row that was stored."""
    return _figures(
        db.execute(
            f"select {_COLUMNS} from vessel_activity.refresh_at(%s, 'manual') as r",  # noqa: S608
            (as_of,),
        )
    )


def stored(db: psycopg.Connection) -> Figures:
    """Return the cached row."""
    return _figures(
        db.execute(f"select {_COLUMNS} from public.vessel_activity_realtime as r")  # noqa: S608
    )


def alter_type(db: psycopg.Connection, column: str, type_name: str, using: str = "") -> None:
    """Give a column of the positions another type, and adapt the engine as migrate does."""
    db.execute(f"alter table vessel_positions alter {column} type {type_name} {using}".encode())
    db.execute("select vessel_activity.fit_to_sources()")


def last_mode(db: psycopg.Connection) -> tuple[str, str | None]:
    """Return the mode of the last refresh, and its message."""
    row = db.execute(
        "select mode, message from vessel_activity.refresh_log order by id desc limit 1"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def computed(
    db: psycopg.Connection,
    route: str,
    write: Callable[[], object],
    as_of: datetime = AS_OF,
) -> Figures:
    """Call `write`, and compute the figures by one of the ROUTES."""
    if route == "incremental":
        refreshed(db, as_of - 30 * SECOND)
    write()
    if route == "definition":
        return definition(db, as_of)
    if route == "rebuild":
        db.execute("select public.vessel_activity_rebuild()")
    figures = refreshed(db, as_of)
    assert last_mode(db)[0] == route
    return figures


def add_positions(
    db: psycopg.Connection,
    *positions: tuple[object, datetime],
    speed: object = None,
) -> None:
    """Insert positions, (vessel, instant) each, in one statement."""
    add_speeds(db, *((vessel, at, speed) for vessel, at in positions))


def add_speeds(db: psycopg.Connection, *positions: tuple[object, datetime, object]) -> None:
    """Insert positions, (vessel, instant, speed in knots) each, in one statement.

    Instants are written in UTC, which a column without time zone needs.
    """
    values = sql.SQL(", ").join(
        sql.SQL("({}, {}, {})").format(
            sql.Literal(vessel),
            sql.Literal(f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00"),
            sql.Literal(None if speed is None else str(speed)),
        )
        for vessel, at, speed in positions
    )
    db.execute(
        sql.SQL(
            'insert into public.vessel_positions ("vesselId", timestamp, speed) values {}'
        ).format(values)
    )


def add_vessels(
    db: psycopg.Connection, vessels: Iterable[tuple[str | None, str | None]], *, active: bool = True
) -> None:
    """Insert vessels, (type, flag) each, in one statement. Their MMSIs are numbered on."""
    types, flags = zip(*vessels, strict=True)
    db.execute(
        """
        insert into public.vessels (mmsi, "vesselType", flag, active)
        select (select count(*) from public.vessels) + v.ordinal, v.type, v.flag, %s
        from unnest(%s::text[], %s::text[]) with ordinality as v (type, flag, ordinal)
        """,
        (active, list(types), list(flags)),
    )


def add_types(db: psycopg.Connection, counts: Mapping[str, int]) -> None:
    """Insert that many active vessels of each type, with the type's name as flag too."""
    add_vessels(db, [(name, name) for name, count in counts.items() for _ in range(count)])
