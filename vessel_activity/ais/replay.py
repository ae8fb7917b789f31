"""Plays a recording as if it were live.

The database holds the recording and its time line (vessel_activity.replay_start and replay_step).
This module keeps the pace.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tqdm import tqdm

from vessel_activity.ais.characters import Characters
from vessel_activity.ais.load import load_file, retried, summary
from vessel_activity.database.connections import connect

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

_STEP_SECONDS = 1.0
_BACKLOG_STEP = timedelta(minutes=5)
_REPORT_SECONDS = 60.0
_NOT_ADDED = "the source table did not store them, or had them already"


def replay(url: str, path: Path) -> None:
    """Load a recording, add a backlog that fills the windows, and play it in a loop until stopped.

    Args:
        url: libpq URL of a migrated database.
        path: a MarineCadastre CSV, plain, .gz or .zst.

    Raises:
        NotAisError: the file can't be read as AIS data.
        psycopg.Error: the database refuses, or the connection is lost. Running again is safe.
        KeyboardInterrupt: the replay was stopped.

    """
    print(summary(load_file(url, path, to_recording=True)))
    with connect(url, purpose="replay") as connection:
        name = Characters(connection).fit_text(path.name)
        began = _fill(connection, name)
        print(f"playing {path.name} as if live; Ctrl-C stops", flush=True)
        _play(connection, name, began)


def _fill(connection: psycopg.Connection, name: str) -> datetime:
    """Add the backlog up to now, step by step, and compute the figures; return when it ended."""
    row = connection.execute(
        "select recorded_from, period, played_until, left_out, pg_catalog.clock_timestamp()"
        " from vessel_activity.replay_start(%s)",
        (name,),
    ).fetchone()
    if row is None:
        raise RuntimeError("replay_start returned nothing")
    recorded_from, period, played_until, left_out, now = row
    print(f"recording of {period} from {recorded_from.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    if left_out:
        print(f"left out {left_out:,} misdated positions, far from all other positions")
    first = played_until
    not_added_before = _not_added(connection, name)
    with tqdm(
        total=round((now - first).total_seconds()), desc="backlog", unit="s", disable=None
    ) as bar:
        while played_until < now:
            played_until = min(played_until + _BACKLOG_STEP, now)
            _step(connection, name, played_until)
            bar.update(round((played_until - first).total_seconds()) - bar.n)
    connection.execute("select vessel_activity.recompute_history(%s, %s)", (first, now))
    if not_added := _not_added(connection, name) - not_added_before:
        print(f"{not_added:,} positions were not added: {_NOT_ADDED}")
    return datetime.now(UTC)


def _play(connection: psycopg.Connection, name: str, began: datetime) -> None:
    """Add the positions that fall due, each second, by the database's clock."""
    played, reported = 0, time.monotonic()
    not_added_before = _not_added(connection, name)
    while True:
        played += _step(connection, name, None)
        if time.monotonic() - reported >= _REPORT_SECONDS:
            not_added = _not_added(connection, name) - not_added_before
            print(
                f"{datetime.now(UTC):%H:%M:%S} UTC: {played:,} positions since {began:%H:%M:%S}"
                + (f"; {not_added:,} were not added: {_NOT_ADDED}" if not_added else ""),
                flush=True,
            )
            reported = time.monotonic()
        time.sleep(_STEP_SECONDS)


def _step(connection: psycopg.Connection, name: str, until: datetime | None) -> int:
    row = retried(
        lambda: connection.execute(
            "select vessel_activity.replay_step(%s, coalesce(%s, pg_catalog.clock_timestamp()))",
            (name, until),
        ).fetchone()
    )
    return int(row[0]) if row else 0


def _not_added(connection: psycopg.Connection, name: str) -> int:
    """Return how many positions that were due have not been added since the time line began."""
    row = connection.execute(
        "select not_added from vessel_activity.replay where file = %s", (name,)
    ).fetchone()
    return int(row[0]) if row else 0
