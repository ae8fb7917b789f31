"""Reads a file of AIS reports, whatever its form, in batches for the database."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, TYPE_CHECKING

from vessel_activity.ais.csv_lines import LineReader as CsvReader
from vessel_activity.ais.csv_lines import decode
from vessel_activity.ais.files import lines
from vessel_activity.ais.json_messages import is_known
from vessel_activity.ais.layouts import EXPECTED
from vessel_activity.ais.lines import LineReader
from vessel_activity.ais.messages import Tally, row_text
from vessel_activity.errors import NotAisError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# While the database files a batch, its vessels are locked for other loads and feeds.
BATCH_LINES = 25_000
_FIRST_LINES = 50
_MARK = b"\xef\xbb\xbf"
_SENTENCES = (b"VDM,", b"VDO,")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines of a file, ready for the database.

    Attributes:
        rows: number of rows in it.
        copy_text: the rows, as vessel_activity.load_batch takes them.
        ignored: AIS messages that hold neither a position of a ship nor static data.

    """

    rows: int
    copy_text: bytes
    ignored: int = 0


def batches(file: IO[bytes], named: Mapping[str, str] | None = None) -> Iterator[Batch]:
    """Read an AIS file, batch by batch, in memory that does not grow with the file.

    Args:
        file: the file, compressed or not, opened for reading bytes.
        named: the columns of a CSV of any other form, as `layouts.read_map` returns them.

    Raises:
        NotAisError: the form is unknown, or the file ends early or is damaged. This may come after
            some batches.
        MapError: `named` names a column that the file does not have.

    """
    source = lines(file)
    first: list[bytes] = []
    for line in source:
        first.append(line)
        if line.strip() and (named is not None or not _may_be_nmea(line)):
            break
        if _is_nmea(line) or len(first) == _FIRST_LINES:
            break
    if any(_is_nmea(line) for line in first):
        yield from _message_batches(chain(first, source))
    elif named is None and first and first[-1].lstrip()[:1] in {b"{", b"["}:
        first = [*first, *islice(source, _FIRST_LINES)]
        if not any(is_known(line) for line in first):
            raise NotAisError(_unknown_json(first))
        yield from _message_batches(chain(first, source))
    else:
        header = decode(first[0]) if first else ""
        yield from _csv_batches(header, chain(first[1:], source), named)


def _may_be_nmea(line: bytes) -> bool:
    """Tell whether a line may stand before the first AIS sentence of a file."""
    return line.lstrip()[:1] in {b"!", b"\\", b"$", b"#"} and not line.startswith(b"# Timestamp")


def _is_nmea(line: bytes) -> bool:
    return _may_be_nmea(line) and any(mark in line for mark in _SENTENCES)


def _csv_batches(
    header: str, rest: Iterator[bytes], named: Mapping[str, str] | None
) -> Iterator[Batch]:
    reader = CsvReader(header, named)
    again = header.encode()
    rows: list[bytes] = []
    for number, line in enumerate(rest, 2):
        # Each file of a ZIP archive has the header.
        if line and not line.isspace() and line.removeprefix(_MARK) != again:
            rows.append(reader.copy_row(number, line))
            if len(rows) == BATCH_LINES:
                yield Batch(len(rows), b"".join(rows))
                rows.clear()
    if rows:
        yield Batch(len(rows), b"".join(rows))


def _unknown_json(first: Sequence[bytes]) -> str:
    """Say what a file of JSON holds instead, and the forms that are known."""
    line = next(line for line in first if line.strip())
    return (
        "the form of this file is not known: none of its first lines is an AIS message in JSON. "
        f"Its first line: {decode(line.strip())[:300]}\n"
        "  nearest: one object a line, either of aisstream.io with the keys MessageType, MetaData "
        "and Message, or of AIS-catcher with type and mmsi, or with nmea\n"
        f"  expected: {EXPECTED}"
    )


def _message_batches(rest: Iterator[bytes]) -> Iterator[Batch]:
    tally = Tally()
    reader = LineReader(tally)
    for number, line in enumerate(rest, 1):
        tally.number = number
        reader.read(line, None)
        if len(tally.rows) >= BATCH_LINES:
            yield _batch(tally)
            tally = Tally()
            reader.set_tally(tally)
    reader.finish()
    if tally.rows or tally.ignored:
        yield _batch(tally)


def _batch(tally: Tally) -> Batch:
    text = "".join(f"{row_text(row.number, row)}\n" for row in tally.rows)
    return Batch(len(tally.rows), text.encode(), tally.ignored.total())
