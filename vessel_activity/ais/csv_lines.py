"""Reads CSV files of AIS reports as a stream, line by line.

This module only reads: which columns there are, and whether a field is a number, a time or a name.
The database decides what a line means (vessel_activity.load_batch). Every line is passed on, an
unreadable one with the reason.

A speed, course or type that is not understood does not cost the position. It is passed on as a
mark, which the database counts.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from vessel_activity.ais.layouts import (
    DANISH,
    EPOCH,
    EPOCH_MS,
    ISO,
    NEEDED,
    TYPE_WORDS,
    Layout,
    layout_of,
)
from vessel_activity.ais.messages import epoch_of, escaped, utc_text
from vessel_activity.ais.values import (
    NO_CODE,
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

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE = ("latitude", "longitude")
_FIELDS = 9  # kind, MMSI, time, place, speed, course, name and type
_GROUPS = ("mmsi", "date", "clock", "latitude", "longitude", "speed", "course", "name", "type")
_NULL = r"\N"
_SHIPS = {"Class A", "Class B"}
_DIGITS = 12
_EPOCH = re.compile(r"[0-9]{1,16}(?:\.[0-9]{0,9})?", re.ASCII)
_NOT_A_SHIP = "not a ship station"


class LineReader:
    """Reads the lines below one header.

    Raises:
        NotAisError: the header is not that of a known form.
        MapError: `named` names a column that the header does not have.

    """

    def __init__(self, header: str, named: Mapping[str, str] | None = None) -> None:
        self._layout = layout_of(header, named)
        self._usual = _usual_line(self._layout)

    def copy_row(self, number: int, line: bytes) -> bytes:
        """Turn a line into a row for the database. An unreadable line keeps its number and text."""
        text = decode(line)
        found = None if self._usual is None else self._usual.fullmatch(text)
        if found is not None:
            mmsi, date, clock, latitude, longitude, speed, course, name, code = found.group(
                *_GROUPS
            )
            if self._layout.time == DANISH:
                date = f"{date[6:]}-{date[3:5]}-{date[:2]}"
            if code and self._layout.has_type_words:
                code = _code(code)
            if is_date(date):
                return (
                    f"{number}\t\\N\t\\N\t{mmsi}\t{date} {clock}+00\t{latitude}\t{longitude}\t"
                    f"{speed or _NULL}\t{course or _NULL}\t{(name and as_name(name)) or _NULL}\t"
                    f"{code or _NULL}\t{text}\n"
                ).encode()
        return self.careful_row(number, text)

    def careful_row(self, number: int, text: str) -> bytes:
        """Turn a line into a row for the database, also an unusual or unreadable line."""
        try:
            values = self._values(text)
        except _UnreadableError as error:
            values = [str(error), *[None] * _FIELDS]
        columns = [_NULL if v is None else escaped(v) for v in (*values, text)]
        return "\t".join((str(number), *columns)).encode() + b"\n"

    def _values(self, text: str) -> list[str | None]:
        layout = self._layout
        try:
            fields = next(csv.reader([text], strict=True, delimiter=layout.delimiter), [])
        except csv.Error:
            raise _UnreadableError("broken quotes") from None
        if len(fields) != layout.width:
            raise _UnreadableError("wrong number of fields")
        given = {key: stripped(fields[place]) for key, place in layout.places.items()}
        digits = given["mmsi"] or ""
        mmsi = as_mmsi(digits.zfill(9) if layout.drops_zeros and digits.isdigit() else digits)
        if mmsi is None:
            raise _UnreadableError("MMSI is not nine digits")
        if layout.mobile is not None and fields[layout.mobile].strip() not in _SHIPS:
            raise _UnreadableError(_NOT_A_SHIP)
        time = _time(given["time"] or "", layout.time)
        if time is None:
            raise _UnreadableError(_not_a_time(layout.time))
        latitude, longitude = (
            None if (number := given[key]) is None else _scaled(as_number(number), layout, key)
            for key in _PLACE
        )
        if NO_NUMBER in {latitude, longitude}:
            raise _UnreadableError("position is not a number")
        code = given.get("type")
        return [
            None,
            None,
            mmsi,
            time,
            latitude,
            longitude,
            _scaled(number_if_given(given.get("speed")), layout, "speed"),
            _scaled(number_if_given(given.get("course")), layout, "course"),
            as_name(given.get("name") or ""),
            _code(code) if layout.has_type_words else code_if_given(code),
        ]


class _UnreadableError(ValueError):
    pass


def decode(line: bytes) -> str:
    """Return a line as text that PostgreSQL can hold. Bytes that are no UTF-8 become marks."""
    text = line.decode("utf-8", "replace")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _usual_line(layout: Layout) -> re.Pattern[str] | None:
    """Return a pattern for the usual lines, which it reads five times as fast.

    None if the values must be computed.
    """
    if layout.time not in {ISO, DANISH} or layout.factors or layout.delimiter != ",":
        return None
    clock = "(?P<clock>(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
    patterns = {
        "mmsi": r"(?P<mmsi>[0-9]{9})(?:\.0)?",
        "time": f"(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[T ]{clock}"
        r"(?:\.[0-9]{1,9})?(?:Z|\+00:?00)?",
        "name": r'(?P<name>[^",\\\t\r]*)',
        "type": r"(?:(?P<type>[0-9]{1,5})(?:\.0)?)?",
    }
    if layout.time == DANISH:
        patterns["time"] = f"(?P<date>[0-9]{{2}}/[0-9]{{2}}/[0-9]{{4}}) {clock}"
    if layout.has_type_words:
        patterns["type"] = r'(?P<type>[^",\\\t\r]*)'
    for key in ("latitude", "longitude", "speed", "course"):
        empty = "" if key in NEEDED else "?"
        patterns[key] = rf"(?P<{key}>-?[0-9]{{1,8}}(?:\.[0-9]{{1,30}})?){empty}"
    keys = {place: key for key, place in layout.places.items()}
    columns = [
        patterns[keys[place]] if place in keys else r'[^",\\\t\r]*' for place in range(layout.width)
    ]
    if layout.mobile is not None:
        columns[layout.mobile] = "|".join(sorted(_SHIPS)).join(("(?:", ")"))
    absent = "".join(f"(?P<{key}>)" for key in patterns if key not in layout.places)
    return re.compile(",".join(columns) + absent, re.ASCII)


@lru_cache(maxsize=4096)
def _time(text: str, form: str) -> str | None:
    """Return a time in UTC without fractions of a second; None for a text that is none."""
    if form == ISO:
        return as_utc(text)
    if form in {EPOCH, EPOCH_MS}:
        if not _EPOCH.fullmatch(text):
            return None
        at = int(Decimal(text) / (1000 if form == EPOCH_MS else 1))
        return utc_text(at) if epoch_of(at) == at else None
    try:
        read = datetime.strptime(text, form)  # noqa: DTZ007 - without an offset it is UTC
    except (ValueError, OverflowError):
        return None
    read = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    return f"{read:%Y-%m-%d %H:%M:%S}+00" if is_date(f"{read:%Y-%m-%d}") else None


def _not_a_time(form: str) -> str:
    return "time is not an ISO date and time" if form == ISO else f"time is not of the form {form}"


def _scaled(number: str | None, layout: Layout, key: str) -> str | None:
    """Bring a number to degrees or knots."""
    factor = layout.factors.get(key)
    if factor is None or number is None or number == NO_NUMBER:
        return number
    return f"{round(Decimal(number) * factor, _DIGITS).normalize():f}"


def _code(text: str | None) -> str | None:
    """Return the code of a type of ship that may be written as a word."""
    given = None if text is None else stripped(text)
    if given is None:
        return None
    code = code_if_given(given)
    return TYPE_WORDS.get(given.lower(), NO_CODE) if code == NO_CODE else code
