"""Source tables of every kind, and refreshes checked against the definition."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from tests.support.fleet import AS_OF, MINUTE, Figures, definition, last_mode, refreshed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

COLUMNS = (
    '(id bigserial, "vesselId" bigint, timestamp timestamptz not null, '
    "latitude float8, longitude float8, speed float8, course float8)"
)
PARTITIONED = {
    # Yesterday, today and tomorrow of AS_OF; the hours of today are partitions of a partition.
    "range": f"""
        create table vessel_positions {COLUMNS} partition by range (timestamp);
        create table day_12 partition of vessel_positions
          for values from ('2050-03-12 00:00+00') to ('2050-03-13 00:00+00');
        create table day_13 partition of vessel_positions
          for values from ('2050-03-13 00:00+00') to ('2050-03-14 00:00+00')
          partition by range (timestamp);
        create table morning partition of day_13
          for values from ('2050-03-13 00:00+00') to ('2050-03-13 12:00+00');
        create table afternoon partition of day_13
          for values from ('2050-03-13 12:00+00') to ('2050-03-14 00:00+00');
        create table rest partition of vessel_positions default;
    """,
    "hash": f"""
        create table vessel_positions {COLUMNS} partition by hash ("vesselId");
        create table h0 partition of vessel_positions for values with (modulus 2, remainder 0);
        create table h1 partition of vessel_positions for values with (modulus 2, remainder 1);
    """,
    "inheritance": f"""
        create table vessel_positions {COLUMNS};
        create table more_positions () inherits (vessel_positions);
    """,
}


@contextmanager
def opened(url: str) -> Iterator[psycopg.Connection]:
    """Open a session whose state is built, so that the next refresh would be incremental."""
    with psycopg.connect(url, autocommit=True) as db:
        refreshed(db, AS_OF - MINUTE)
        yield db


def exact(db: psycopg.Connection, mode: str, as_of: datetime = AS_OF) -> Figures:
    """Refresh, and check the mode of the refresh and that the row equals the definition."""
    figures = refreshed(db, as_of)
    assert figures == definition(db, as_of)
    assert last_mode(db)[0] == mode, last_mode(db)
    return figures


def maintained(db: psycopg.Connection) -> None:
    """Run the maintenance until it can do no more.

    Each call leaves out what autovacuum has locked, and stops after a quarter of a second.
    """
    for _ in range(100):
        db.execute("select vessel_activity.maintain()")
        left = db.execute(
            "select from vessel_activity.install_triggers(p_nowait => true) where may_pass"
        )
        if not left.fetchall():
            return
        time.sleep(0.05)


def rebuilt_after_maintenance(db: psycopg.Connection, as_of: datetime = AS_OF) -> Figures:
    """Check that the definition answers until maintenance repairs the triggers, then a rebuild."""
    exact(db, "definition", as_of)
    maintained(db)
    return exact(db, "rebuild", as_of)


def into(db: psycopg.Connection, relation: str, vessel: int, at: datetime = AS_OF) -> None:
    """Insert one position into the relation named."""
    db.execute(
        f'insert into {relation} ("vesselId", timestamp, speed) values (%s, %s, 10)',  # noqa: S608
        (vessel, at),
    )


def engine_check(db: psycopg.Connection) -> tuple[str, str, str]:
    """Return state, detail and hint of the status's check of the engine."""
    row = db.execute(
        "select state, detail, hint from vessel_activity_status() where check_name = 'engine'"
    ).fetchone()
    assert row is not None
    return row
