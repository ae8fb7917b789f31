# ruff: noqa: S311 - nothing secret is drawn
"""Active vessels are counted by the second of their last report, exactly and without a scan."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from tests.support.fleet import (
    AS_OF,
    HOUR,
    MICROSECOND,
    MINUTE,
    SECOND,
    add_positions,
    definition,
    last_mode,
    refreshed,
)

if TYPE_CHECKING:
    import psycopg

WINDOWS = (5 * MINUTE, HOUR, 24 * HOUR)
REBUILT = ("rebuild", "the state differed from the definition")


def test_each_window_is_exact_while_the_clock_moves(db: psycopg.Connection) -> None:
    """Vessels come, come late and go, around the edges of the windows of every instant."""
    chance = Random(18)
    heard: dict[int, list[datetime]] = {}
    as_of = AS_OF
    refreshed(db, as_of)
    for step in range(40):
        as_of += chance.choice(
            (MICROSECOND, SECOND / 4, SECOND, 59 * SECOND, 5 * MINUTE, 59 * MINUTE, 2 * HOUR)
        )
        for _ in range(6):
            vessel = chance.randrange(30)
            edge = chance.choice(
                (MICROSECOND, SECOND / 4, SECOND / 2, SECOND, MINUTE, 0 * SECOND, HOUR)
            )
            back = chance.choice((0 * SECOND, SECOND, *WINDOWS)) + chance.choice((-1, 1)) * edge
            at = as_of - max(back, timedelta(0))
            heard.setdefault(vessel, []).append(at)
            add_positions(db, (vessel, at))
        vessel = chance.randrange(30)
        if step % 3 == 0 and heard.get(vessel):
            gone = max(heard[vessel])
            heard[vessel] = [at for at in heard[vessel] if at != gone]
            db.execute(
                'delete from vessel_positions where "vesselId" = %s and timestamp = %s',
                (vessel, gone),
            )

        figures = refreshed(db, as_of)

        last = [max(times) for times in heard.values() if times]
        assert figures[:3] == tuple(sum(at >= as_of - window for at in last) for window in WINDOWS)
        assert last_mode(db)[0] == "incremental"


def test_vessels_that_fell_silent_are_deleted_bit_by_bit(db: psycopg.Connection) -> None:
    def kept() -> int:
        row = db.execute("select count(*) from vessel_activity.last_report").fetchone()
        assert row is not None
        return int(row[0])

    add_positions(db, *((vessel, AS_OF) for vessel in range(2_000)))
    assert refreshed(db, AS_OF).active_last_24h == 2_000
    left = []
    for number in range(1, 9):
        figures = refreshed(db, AS_OF + 26 * HOUR + number * SECOND)
        assert figures.active_last_24h == 0
        assert last_mode(db)[0] == "incremental"
        left.append(kept())

    assert 0 < left[0] < 2_000  # a refresh looks at a part of the table
    assert sorted(left, reverse=True) == left
    assert left[-1] == 0
    # A vessel that was deleted and is heard again counts once.
    add_positions(db, (7, AS_OF + 27 * HOUR))
    assert refreshed(db, AS_OF + 27 * HOUR)[:3] == (1, 1, 1)


def test_a_verification_finds_a_vessel_in_the_wrong_second(db: psycopg.Connection) -> None:
    add_positions(db, (1, AS_OF - 10 * SECOND))
    refreshed(db, AS_OF)
    assert refreshed(db, AS_OF + 2 * HOUR)[:3] == (0, 0, 1)  # verified
    assert last_mode(db)[0] == "incremental"
    db.execute(
        "update vessel_activity.last_report_count set starts_at = starts_at + interval '1 second'"
        " where seconds = 1"
    )

    # The figures are right so far. They would be wrong for a second in 22 hours.
    figures = refreshed(db, AS_OF + 4 * HOUR)

    assert last_mode(db) == REBUILT
    assert figures == definition(db, AS_OF + 4 * HOUR)
    assert db.execute(
        "select starts_at from vessel_activity.last_report_count where seconds = 1"
    ).fetchall() == [(AS_OF.replace(microsecond=0) - 10 * SECOND,)]
