"""Reads MarineCadastre CSV as a stream, line by line, with the old or the new header.

This module only reads: which columns there are, and whether a field is a number, a time or a name.
The database decides what a line means (vessel_activity.load_batch). Every line is passed on, an
unreadable one with the reason.

A speed, course or type that is not understood does not cost the position. It is passed on as a
mark, which the database counts.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from vessel_activity.ais.files import EXPECTED, lines
from vessel_activity.ais.values import (
    NO_NUMBER,
    as_mmsi,
    as_name,
    as_number,
    as_utc,
    code_if_given,
    is_date,
    number_if_given,
    stripped,
)
from vessel_activity.errors import NotAisError

if TYPE_CHECKING:
    from collections.abc import Iterator

# While the database files a batch, its vessels are locked for other loads and feeds.
BATCH_LINES = 25_000

# Column of the file, in lower case and without underscores -> field. The first four are required.
_COLUMNS = {
    "mmsi": "mmsi",
    "basedatetime": "time",
    "lat": "latitude",
    "latitude": "latitude",
    "lon": "longitude",
    "longitude": "longitude",
    "sog": "speed",
    "cog": "course",
    "vesselname": "name",
    "vesseltype": "type",
}
_NEEDED = {"mmsi": "MMSI", "time": "BaseDateTime", "latitude": "LAT", "longitude": "LON"}
_PLACE = ("latitude", "longitude")
_FIELDS = ("mmsi", "time", "latitude", "longitude", "speed", "course", "name", "type")
_GROUPS = ("mmsi", "date", "clock", *_FIELDS[2:])
_NULL = r"\N"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines of a file, ready for the database.

    Attributes:
        rows: number of lines in it.
        copy_text: the lines in COPY's text format, with the fields of vessel_activity.report.

    """

    rows: int
    copy_text: bytes


def batches(file: IO[bytes]) -> Iterator[Batch]:
    """Read an AIS file, batch by batch, in memory that does not grow with the file.

    Args:
        file: the file, compressed or not, opened for reading bytes.

    Raises:
        NotAisError: the file is not a MarineCadastre CSV, ends early or is damaged. This may come
            after some batches.

    """
    source = lines(file)
    reader = LineReader(_decode(next(source, b"")))
    rows: list[bytes] = []
    for number, line in enumerate(source, 2):
        if line and not line.isspace():
            rows.append(reader.copy_row(number, line))
            if len(rows) == BATCH_LINES:
                yield Batch(len(rows), b"".join(rows))
                rows.clear()
    if rows:
        yield Batch(len(rows), b"".join(rows))


class LineReader:
    """Reads the lines below one header.

    Raises:
        NotAisError: the header is not that of a MarineCadastre CSV.

    """

    def __init__(self, header: str) -> None:
        self._places = _places(header)
        self._width = len(next(csv.reader([header])))
        self._usual = self._usual_line()

    def copy_row(self, number: int, line: bytes) -> bytes:
        """Turn a line into a row of a batch. An unreadable line keeps its number and text."""
        text = _decode(line)
        found = self._usual.fullmatch(text)
        if found is not None:
            mmsi, date, clock, latitude, longitude, speed, course, name, code = found.group(
                *_GROUPS
            )
            if is_date(date):
                return (
                    f"{number}\t\\N\t\\N\t{mmsi}\t{date} {clock}+00\t{latitude}\t{longitude}\t"
                    f"{speed or _NULL}\t{course or _NULL}\t{(name and as_name(name)) or _NULL}\t"
                    f"{code or _NULL}\t{text}\n"
                ).encode()
        return self.careful_row(number, text)

    def careful_row(self, number: int, text: str) -> bytes:
        """Turn a line into a row of a batch, also an unusual or unreadable line."""
        try:
            values = self._values(text)
        except _UnreadableError as error:
            values = [str(error), None, *[None] * len(_FIELDS)]
        columns = [_NULL if v is None else _escape(v) for v in (*values, text)]
        return "\t".join((str(number), *columns)).encode() + b"\n"

    def _values(self, text: str) -> list[str | None]:
        try:
            fields = next(csv.reader([text], strict=True), [])
        except csv.Error:
            raise _UnreadableError("broken quotes") from None
        if len(fields) != self._width:
            raise _UnreadableError("wrong number of fields")
        given = {key: stripped(fields[place]) for key, place in self._places.items()}
        mmsi = as_mmsi(given["mmsi"] or "")
        if mmsi is None:
            raise _UnreadableError("MMSI is not nine digits")
        time = as_utc(given["time"] or "")
        if time is None:
            raise _UnreadableError("time is not an ISO date and time")
        latitude, longitude = (
            None if (number := given[key]) is None else as_number(number) for key in _PLACE
        )
        if NO_NUMBER in {latitude, longitude}:
            raise _UnreadableError("position is not a number")
        return [
            None,
            None,
            mmsi,
            time,
            latitude,
            longitude,
            number_if_given(given.get("speed")),
            number_if_given(given.get("course")),
            as_name(given.get("name") or ""),
            code_if_given(given.get("type")),
        ]

    def _usual_line(self) -> re.Pattern[str]:
        """Return a pattern for the usual lines, which it reads five times as fast."""
        patterns = {
            "mmsi": r"(?P<mmsi>[0-9]{9})(?:\.0)?",
            "time": "(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
            "(?P<clock>(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
            r"(?:\.[0-9]{1,9})?(?:Z|\+00:?00)?",
            "name": r'(?P<name>[^",\\\t\r]*)',
            "type": r"(?:(?P<type>[0-9]{1,5})(?:\.0)?)?",
        }
        for key in ("latitude", "longitude", "speed", "course"):
            empty = "" if key in _NEEDED else "?"
            patterns[key] = rf"(?P<{key}>-?[0-9]{{1,8}}(?:\.[0-9]{{1,30}})?){empty}"
        keys = {place: key for key, place in self._places.items()}
        return re.compile(
            ",".join(
                patterns[keys[place]] if place in keys else r'[^",\\\t\r]*'
                for place in range(self._width)
            )
            + "".join(f"(?P<{key}>)" for key in patterns if key not in self._places),
            re.ASCII,
        )


class _UnreadableError(ValueError):
    pass


def _places(header: str) -> dict[str, int]:
    """Return the place of each field in a line."""
    try:
        names = next(csv.reader([header], strict=True), [])
    except csv.Error:
        names = [header]
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        key = _COLUMNS.get(name.strip().lower().replace("_", ""))
        if key is not None:
            if key in places:
                raise NotAisError(f"the header names the column {name} twice. Expected {EXPECTED}")
            places[key] = place
    missing = [name for key, name in _NEEDED.items() if key not in places]
    if missing:
        raise NotAisError(_what_it_is(header, names, missing))
    return places


def _what_it_is(header: str, names: list[str], missing: list[str]) -> str:
    if header.startswith("# Timestamp,"):
        return (
            "this is the daily CSV of the Danish Maritime Authority, which can't be loaded yet. "
            f"Expected {EXPECTED}"
        )
    if header.startswith(("!AIVDM", "!BSVDM", "!AIVDO", "$", "\\")):
        return f"this is raw NMEA, which can't be loaded yet. Expected {EXPECTED}"
    if not header.isprintable():
        return f"this is not a text file. Expected {EXPECTED}"
    if len(missing) == len(_NEEDED):
        return f"the first line is not a header of AIS data: {header[:80]!r}. Expected {EXPECTED}"
    return (
        f"the header lacks {', '.join(missing)}; it names {', '.join(names)[:300]}. "
        f"Expected {EXPECTED}"
    )


def _decode(line: bytes) -> str:
    # PostgreSQL's text can't hold a zero byte. Bytes that are not UTF-8 become a replacement mark.
    text = line.decode("utf-8", "replace")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _escape(value: str) -> str:
    return (
        value.replace("\\", "\\\\").replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
    )
