"""Loads a file of AIS reports into the source tables."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.rows import class_row
from tqdm import tqdm

from vessel_activity.ais import reading
from vessel_activity.ais.characters import Characters
from vessel_activity.database.connections import connect
from vessel_activity.database.errors import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# What may end well if it is tried again: another session inserted or locked the same rows.
_RACES = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)
_TRIES = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counts:
    """What a load has done so far; each row that was read is counted once more.

    Attributes:
        rows_read: rows of the file, without header and blank lines.
        rows_loaded: positions added.
        rows_duplicate: rows whose MMSI and time were already in the file or in the table.
        rows_rejected: rows not loaded; `Result.rejected` counts them by reason.
        rows_static: reports that hold static data only.
        rows_ignored: AIS messages that hold neither a position of a ship nor static data.
        vessels_new: vessels added.
        vessels_updated: times a vessel's name, type or flag changed.
        types_not_understood: reports loaded without a type, because it has no known meaning.
        times_not_understood: rows rejected because the time can't be read.
        speeds_not_understood: reports loaded without a speed, because it is no number.
        courses_not_understood: reports loaded without a course, because it is no number.
        names_not_understood: rows whose name lost a character that can't be read or stored.

    """

    rows_read: int = 0
    rows_loaded: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    rows_static: int = 0
    rows_ignored: int = 0
    vessels_new: int = 0
    vessels_updated: int = 0
    types_not_understood: int = 0
    times_not_understood: int = 0
    speeds_not_understood: int = 0
    courses_not_understood: int = 0
    names_not_understood: int = 0


_COUNTS = ", ".join(field.name for field in fields(Counts))


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
    named: Mapping[str, str] | None = None,
    to_recording: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Result:
    """Load a file. The rows of a batch and their counts are committed in one transaction.

    Args:
        connection: an autocommit connection to a migrated database.
        path: a file of one of the known forms, plain, .gz, .zst or .zip.
        named: the columns of a CSV of any other form, as `layouts.read_map` returns them.
        to_recording: keep the positions for a replay instead of adding them.
        progress: called after each batch with the number of bytes read from the file.

    Raises:
        NotAisError: the file can't be read as AIS data, or only in part.
        MapError: `named` names a column that the file does not have.
        psycopg.Error: the database refuses, or the connection is lost. Loading again is safe.
        OSError: the file can't be read.

    """
    began = time.monotonic()
    with path.open("rb") as file:
        batches = reading.batches(file, named)
        first = next(batches, None)  # refuses a file that is not AIS before the load begins
        characters = Characters(connection)
        load_id = _start(connection, characters.fit_text(path.name), to_recording=to_recording)
        counts = Counts()
        try:
            # While the database files a batch, the next one is read on another core.
            with ThreadPoolExecutor(1, "read") as ahead:
                batch = first
                while batch is not None:
                    following = ahead.submit(next, batches, None)
                    counts = _file_batch(connection, load_id, batch, characters)
                    if progress is not None:
                        progress(file.tell())
                    batch = following.result()
            rejected = _end(connection, load_id, "finished")
        except BaseException as error:
            _give_up(connection, load_id, error, characters)
            raise
    return Result(load_id, counts, rejected, time.monotonic() - began)


def _file_batch(
    connection: psycopg.Connection,
    load_id: int,
    batch: reading.Batch,
    characters: Characters,
) -> Counts:
    copy_text, names = characters.fit(batch.copy_text)
    return retried(lambda: _try_batch(connection, load_id, copy_text, names, batch.ignored))


def retried(work: Callable[[], T]) -> T:
    """Return what a transaction on the source tables returns.

    It is tried again if another session wrote the same rows at the same moment. An error of a
    source table gets a note that says what to do about it.
    """
    tries = 0
    while True:
        try:
            return work()
        except psycopg.Error as error:
            tries += 1
            if tries == _TRIES or not isinstance(error, _RACES):
                _explain(error)
                raise


def _try_batch(
    connection: psycopg.Connection,
    load_id: int,
    rows: bytes,
    names_not_understood: int,
    ignored: int,
) -> Counts:
    # One statement: no transaction waits for this program, whatever happens to it.
    with connection.cursor(row_factory=class_row(Counts)) as cursor:
        counts = cursor.execute(
            f"select {_COUNTS} from vessel_activity.load_batch(%s, %s, %s, %s)",  # noqa: S608 - names
            (load_id, rows.decode(), names_not_understood, ignored),
        ).fetchone()
    return counts or Counts()


def _explain(error: psycopg.Error) -> None:
    """Add to an error of a source table what to do about it, if that is known."""
    diag = error.diag
    if diag.message_hint or not isinstance(error, psycopg.IntegrityError):
        return
    table = f"{diag.schema_name}.{diag.table_name}"
    if diag.constraint_name:
        advice = (
            f"Change or drop constraint {diag.constraint_name} of {table}, which refuses a row of"
            " the file, or take that row out of the file."
        )
    elif isinstance(error, psycopg.errors.NotNullViolation):
        advice = f"Let column {diag.column_name} of {table} be NULL: AIS does not always give it."
    elif isinstance(error, psycopg.errors.CheckViolation):  # of no constraint: of the partitions
        advice = (
            f"Add a partition to {table} for the rows of the file, for example: create table"
            f" {table}_rest partition of {table} default."
        )
    else:
        return
    error.add_note(f"hint: {advice} Then run the command again: nothing is loaded twice.")


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


def _give_up(
    connection: psycopg.Connection, load_id: int, error: BaseException, characters: Characters
) -> None:
    """Record how the load ended. If the database can't be reached, the next load records it."""
    state = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
    try:
        message = characters.fit_text(describe(error))
        _end(connection, load_id, state, message)
    except psycopg.Error:
        connection.close()


def summary(result: Result) -> str:
    """Put the counts of a load into lines for people."""
    counts = result.counts
    not_understood = (
        f"types {counts.types_not_understood:,}, times {counts.times_not_understood:,},"
        f" speeds {counts.speeds_not_understood:,}, courses {counts.courses_not_understood:,},"
        f" names {counts.names_not_understood:,}"
    )
    lines = [
        f"read         {counts.rows_read:>12,}",
        f"loaded       {counts.rows_loaded:>12,}",
        f"duplicates   {counts.rows_duplicate:>12,}",
        f"rejected     {counts.rows_rejected:>12,}",
        *(f"  {rows:>10,}  {reason}" for reason, rows in result.rejected.items()),
        *([f"static data  {counts.rows_static:>12,}"] if counts.rows_static else []),
        *([f"other types  {counts.rows_ignored:>12,}"] if counts.rows_ignored else []),
        f"vessels      {counts.vessels_new:>12,} new, {counts.vessels_updated:,} updated",
        f"not understood: {not_understood}",
        f"{result.seconds:.1f} s, {counts.rows_read / max(result.seconds, 0.001):,.0f} rows/s",
    ]
    if counts.rows_rejected:
        lines.append(
            "see them with: select line_number, reason, raw "  # noqa: S608 - shown, not run
            "from vessel_activity.rejected_row "
            f"where load_id = {result.load_id} order by line_number;"
        )
    return "\n".join(lines)


def load_file(
    url: str,
    path: Path,
    *,
    named: Mapping[str, str] | None = None,
    to_recording: bool = False,
) -> Result:
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
            named=named,
            to_recording=to_recording,
            progress=lambda read: bar.update(read - bar.n),
        )
