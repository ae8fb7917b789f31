"""Loads a file of AIS reports into the source tables."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from tqdm import tqdm

from vessel_activity.ais import marinecadastre as ais_csv
from vessel_activity.database.connections import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Counts:
    """What a load has done so far; rows_read = rows_loaded + rows_duplicate + rows_rejected.

    Attributes:
        rows_read: rows of the file, without header and blank lines.
        rows_loaded: positions added.
        rows_duplicate: rows whose MMSI and time were already in the file or in the table.
        rows_rejected: rows not loaded; `Result.rejected` counts them by reason.
        vessels_new: vessels added.
        vessels_updated: times a vessel's name, type or flag changed.

    """

    rows_read: int = 0
    rows_loaded: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    vessels_new: int = 0
    vessels_updated: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """A finished load.

    Attributes:
        load_id: the number of the load in vessel_activity.load and vessel_activity.rejected_row.
        counts: its counts.
        rejected: rejected rows by reason, the commonest first.
        seconds: how long the load took.

    """

    load_id: int
    counts: Counts
    rejected: dict[str, int]
    seconds: float


def load(
    connection: psycopg.Connection,
    path: Path,
    *,
    to_recording: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Result:
    """Load a file. The rows of a batch and their counts are committed in one transaction.

    Args:
        connection: an autocommit connection to a migrated database.
        path: a MarineCadastre CSV, plain, .gz or .zst.
        to_recording: keep the positions for a replay instead of adding them.
        progress: called after each batch with the number of bytes read from the file.

    Raises:
        NotAisError: the file can't be read as AIS data, or only in part.
        psycopg.Error: the database refuses, or the connection is lost. Loading again is safe.
        OSError: the file can't be read.

    """
    began = time.monotonic()
    with path.open("rb") as file:
        batches = ais_csv.batches(file)
        first = next(batches, None)  # refuses a file that is not AIS before the load begins
        load_id = _start(connection, path.name, to_recording=to_recording)
        counts = Counts()
        try:
            # While the database files a batch, the next one is read on another core.
            with ThreadPoolExecutor(1, "read") as ahead:
                batch = first
                while batch is not None:
                    following = ahead.submit(next, batches, None)
                    counts = _file_batch(connection, load_id, batch, to_recording=to_recording)
                    if progress is not None:
                        progress(file.tell())
                    batch = following.result()
            rejected = _end(connection, load_id, "finished")
        except BaseException as error:
            _give_up(connection, load_id, error)
            raise
    return Result(load_id, counts, rejected, time.monotonic() - began)


def _file_batch(
    connection: psycopg.Connection, load_id: int, batch: ais_csv.Batch, *, to_recording: bool
) -> Counts:
    with connection.transaction(), connection.cursor(row_factory=class_row(Counts)) as cursor:
        with cursor.copy(
            f"copy vessel_activity.landing ({ais_csv.COPY_COLUMNS}) from stdin"
        ) as copy:
            copy.write(batch.copy_text)
        counts = cursor.execute(
            "select rows_read, rows_loaded, rows_duplicate, rows_rejected, vessels_new,"
            " vessels_updated from vessel_activity.load_batch(%s, %s)",
            (load_id, to_recording),
        ).fetchone()
    _vacuum(connection)
    return counts or Counts()


def _vacuum(connection: psycopg.Connection) -> None:
    """Free the dead rows of the batch, so that the landing tables stay as small as one batch."""
    for table in ("landing", "landed_vessel"):
        connection.execute(
            sql.SQL("vacuum (analyze) vessel_activity.{}").format(sql.Identifier(table))
        )


def _start(connection: psycopg.Connection, name: str, *, to_recording: bool) -> int:
    row = connection.execute(
        "select vessel_activity.load_start(%s, %s)", (name, to_recording)
    ).fetchone()
    return int(row[0]) if row else 0


def _end(
    connection: psycopg.Connection, load_id: int, state: str, message: str | None = None
) -> dict[str, int]:
    rows = connection.execute(
        "select reason, rows_rejected from vessel_activity.load_end(%s, %s, %s)",
        (load_id, state, message),
    ).fetchall()
    return {str(reason): int(rejected) for reason, rejected in rows}


def _give_up(connection: psycopg.Connection, load_id: int, error: BaseException) -> None:
    """Record how the load ended. If the database can't be reached, the next load records it."""
    state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
    try:
        _end(connection, load_id, state, str(error) or type(error).__name__)
    except psycopg.Error:
        connection.close()


def summary(result: Result) -> str:
    """Put the counts of a load into lines for people."""
    counts = result.counts
    lines = [
        f"read         {counts.rows_read:>12,}",
        f"loaded       {counts.rows_loaded:>12,}",
        f"duplicates   {counts.rows_duplicate:>12,}",
        f"rejected     {counts.rows_rejected:>12,}",
        *(f"  {rows:>10,}  {reason}" for reason, rows in result.rejected.items()),
        f"vessels      {counts.vessels_new:>12,} new, {counts.vessels_updated:,} updated",
        f"{result.seconds:.1f} s, {counts.rows_read / max(result.seconds, 0.001):,.0f} rows/s",
    ]
    if counts.rows_rejected:
        lines.append(
            "see them with: select line_number, reason, raw "  # noqa: S608 - shown, not run
            "from vessel_activity.rejected_row "
            f"where load_id = {result.load_id} order by line_number;"
        )
    return "\n".join(lines)


def load_file(url: str, path: Path, *, to_recording: bool = False) -> Result:
    """Load a file into the database at the URL, with a progress bar on a terminal."""
    with (
        connect(url, purpose="load") as connection,
        tqdm(
            total=path.stat().st_size,
            desc=path.name,
            unit="B",
            unit_scale=True,
            disable=None,  # quiet where standard error is no terminal
        ) as bar,
    ):
        return load(
            connection,
            path,
            to_recording=to_recording,
            progress=lambda read: bar.update(read - bar.n),
        )
