"""The forms of CSV files that can be loaded: which column holds what, and how it is written.

Two forms are known by their headers: MarineCadastre's, old and new, and the one of the Danish
Maritime Authority. Of any other file the user names the columns (`--map`).
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from vessel_activity.errors import MapError, NotAisError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELDS = ("mmsi", "time", "latitude", "longitude", "speed", "course", "name", "type")
NEEDED = FIELDS[:4]
_NUMBERS = ("latitude", "longitude", "speed", "course")

ISO, DANISH, EPOCH, EPOCH_MS = "ISO", "%d/%m/%Y %H:%M:%S", "epoch", "epoch_ms"
"""How a time may be written; any other text is a pattern of strptime."""

EXPECTED = (
    "a MarineCadastre CSV (https://hub.marinecadastre.gov/pages/vesseltraffic) with at least the "
    "columns MMSI, BaseDateTime, LAT and LON (since 2025: mmsi, base_date_time, latitude, "
    "longitude), the daily CSV of the Danish Maritime Authority, NMEA lines, messages of "
    "aisstream.io or AIS-catcher in JSON, one a line, or any CSV whose columns --map names; plain, "
    ".gz, .zst or .zip"
)

# Columns in lower case and without underscores.
_MARINECADASTRE = {
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
_DANISH = {
    "# timestamp": "time",
    "mmsi": "mmsi",
    "latitude": "latitude",
    "longitude": "longitude",
    "sog": "speed",
    "cog": "course",
    "name": "name",
    "ship type": "type",
}
_DANISH_MOBILE = "type of mobile"
# For each known form: the field of each column, and how the form writes the needed columns, in its
# own order.
_SHOWN = {
    "MarineCadastre": (
        _MARINECADASTRE,
        {"mmsi": "MMSI", "time": "BaseDateTime", "latitude": "LAT", "longitude": "LON"},
    ),
    "Danish Maritime Authority": (
        _DANISH,
        {
            "time": "# Timestamp",
            "mmsi": "MMSI",
            "latitude": "Latitude",
            "longitude": "Longitude",
        },
    ),
}
TYPE_WORDS = {
    "wig": "20", "fishing": "30", "towing": "31", "towing long/wide": "32", "dredging": "33",
    "diving": "34", "military": "35", "sailing": "36", "pleasure": "37", "pleasure craft": "37",
    "hsc": "40", "high speed craft": "40", "pilot": "50", "sar": "51", "search and rescue": "51",
    "tug": "52", "port tender": "53", "anti-pollution": "54", "law enforcement": "55",
    "spare 1": "56", "spare 2": "57", "medical": "58",
    "not party to conflict": "59", "passenger": "60", "cargo": "70",
    "tanker": "80", "other": "90",
}  # fmt: skip
"""Code by ITU-R M.1371 for the words that files have instead of it."""

# What the columns of other files are often called, for the proposal of a --map.
_OFTEN = {
    "mmsi": {"mmsi", "mmsinumber", "userid", "shipid", "sourcemmsi", "id"},
    "time": {
        "time", "timestamp", "datetime", "date", "basedatetime", "t", "ts", "datetimeutc",
        "timestamputc", "timeutc", "receivedat", "positiontimestamp", "dtposutc", "epoch",
    },
    "latitude": {"lat", "latitude", "y", "poslat", "latdeg"},
    "longitude": {"lon", "lng", "long", "longitude", "x", "poslon", "londeg"},
    "speed": {"sog", "speed", "speedoverground", "speedknots", "speedkn"},
    "course": {"cog", "course", "courseoverground", "track"},
    "name": {"name", "vesselname", "shipname"},
    "type": {"type", "vesseltype", "shiptype", "shipandcargotype"},
}  # fmt: skip
_SCALED = re.compile(r"(?P<column>.+)(?P<sign>[/*])(?P<by>[0-9]+(?:\.[0-9]+)?)", re.ASCII)
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a CSV file are read.

    Attributes:
        delimiter: between two fields.
        width: number of fields.
        places: place of each field in a line, from 0.
        time: how a time is written.
        factors: what a number is multiplied by to give degrees or knots, if not by 1.
        has_type_words: whether a type of ship may be a word.
        mobile: place of a column that tells the kind of station; None if there is none.
        drops_zeros: whether the zeros at the start of an MMSI are lost.

    """

    delimiter: str
    width: int
    places: dict[str, int]
    time: str = ISO
    factors: dict[str, Decimal] = field(default_factory=dict)
    has_type_words: bool = False
    mobile: int | None = None
    drops_zeros: bool = False


def read_map(text: str) -> dict[str, str]:
    """Read --map: FIELD=COLUMN, separated by commas.

    Raises:
        MapError: it can't be read.

    """
    # A pattern of a time may have commas.
    parts = re.split(rf",(?=\s*(?:{'|'.join(FIELDS)})=)", text)
    named: dict[str, str] = {}
    for part in parts:
        name, equals, column = part.strip().partition("=")
        if not equals or name not in FIELDS or not column:
            raise MapError(
                f"--map can't be read at {part!r}; it is FIELD=COLUMN,… with the fields "
                f"{', '.join(FIELDS)}"
            )
        if name in named:
            raise MapError(f"--map names {name} twice")
        named[name] = column
    missing = [name for name in NEEDED if name not in named]
    if missing:
        raise MapError(f"--map must name {', '.join(missing)} too")
    return named


def layout_of(header: str, named: Mapping[str, str] | None = None) -> Layout:
    """Return the layout of a file with this header.

    named: what --map says, as `read_map` returns it.

    Raises:
        NotAisError: the form is unknown, or a column is missing.
        MapError: --map names a column that the file does not have.

    """
    if named is not None:
        return _mapped(header, named)
    names = _fields(header, ",")
    low = [name.strip().lower() for name in names]
    if "# timestamp" in low:
        places = _places(names, _DANISH, low)
        if not _missing(places):
            mobile = low.index(_DANISH_MOBILE) if _DANISH_MOBILE in low else None
            return Layout(
                ",", len(names), places, DANISH, has_type_words=True, mobile=mobile,
                drops_zeros=True,
            )  # fmt: skip
    else:
        places = _places(names, _MARINECADASTRE, [name.replace("_", "") for name in low])
        if not _missing(places):
            return Layout(",", len(names), places)
    raise NotAisError(_unknown(header))


def _places(names: Sequence[str], known: Mapping[str, str], low: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(low):
        key = known.get(name)
        if key is not None:
            if key in places:
                raise NotAisError(f"the header names the column {names[place]} twice")
            places[key] = place
    return places


def _missing(places: Mapping[str, int]) -> bool:
    return any(name not in places for name in NEEDED)


def _fields(header: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([header], strict=True, delimiter=delimiter), [])
    except csv.Error:
        return [header]


def _delimiter(header: str) -> str:
    counted = Counter({mark: header.count(mark) for mark in _DELIMITERS})
    return counted.most_common(1)[0][0]


# --- a header that is not known ---


def _unknown(header: str) -> str:
    """Say what the file is instead, its header, and the forms that come nearest."""
    if not header.isprintable() and "\t" not in header:
        return f"this is not a text file. Expected {EXPECTED}"
    if not any(mark in header for mark in _DELIMITERS):
        return f"the first line is no header of AIS data: {header[:80]!r}. Expected {EXPECTED}"
    return (
        f"the form of this file is not known. Its header: {header[:300]}\n"
        f"  nearest: {_nearest(header)}\n"
        f"  hint: name its columns: {proposal(header)}\n"
        f"  expected: {EXPECTED}"
    )


def _nearest(header: str) -> str:
    """Name the known forms that share a needed column with the header.

    The form that lacks the fewest columns comes first. Each says how the header differs from it.
    """
    delimiter = _delimiter(header)
    low = [name.strip().lower() for name in _fields(header, delimiter)]
    plain = {*low, *(name.replace("_", "") for name in low)}
    near = []
    for form, (known, needed) in _SHOWN.items():
        found = {known[name] for name in plain if name in known}
        missing = [column for name, column in needed.items() if name not in found]
        if len(missing) < len(needed):
            verb = "is" if len(missing) == 1 else "are"
            flaws = [f"of which {', '.join(missing)} {verb} missing"] if missing else []
            flaws += ["whose columns are separated by commas"] if delimiter != "," else []
            near.append((len(missing), f"{form}, {' and '.join(flaws)}"))
    return "; ".join(text for _, text in sorted(near)) or "none: no column has a known name"


def proposal(header: str) -> str:
    """Propose a --map for a header; COLUMN stands for what can't be guessed."""
    names = [name.strip() for name in _fields(header, _delimiter(header))]
    plain = {re.sub(r"[^a-z]", "", name.lower()): name for name in names}
    guessed = []
    for name in FIELDS:
        column = next((plain[often] for often in plain if often in _OFTEN[name]), None)
        if column is None and name == "mmsi":
            column = next((plain[often] for often in plain if "mmsi" in often), None)
        if column is not None or name in NEEDED:
            guessed.append(f"{name}={column or 'COLUMN'}")
    return f"--map '{','.join(guessed)}'"


# --- a header whose columns the user names ---


def _mapped(header: str, named: Mapping[str, str]) -> Layout:
    delimiter = _delimiter(header)
    names = [name.strip() for name in _fields(header, delimiter)]
    places: dict[str, int] = {}
    factors: dict[str, Decimal] = {}
    time = ISO
    for key, text in named.items():
        column = text
        if _place(names, column) is None and key == "time" and ":" in text:
            column, _, time = text.partition(":")
            _check_time(time)
        scaled = _SCALED.fullmatch(text)
        if _place(names, column) is None and key in _NUMBERS and scaled is not None:
            column = scaled["column"]
            factors[key] = _factor(text, scaled)
        place = _place(names, column)
        if place is None:
            raise MapError(
                f"--map names the column {column} for {key}, which the file does not have. "
                f"Its header: {header[:300]}"
            )
        places[key] = place
    return Layout(delimiter, len(names), places, time, factors, has_type_words=True)


def _place(names: Sequence[str], column: str) -> int | None:
    """Return the place of a column, by its exact name, else in small letters."""
    if column in names:
        return names.index(column)
    low = [name.lower() for name in names]
    return low.index(column.lower()) if low.count(column.lower()) == 1 else None


def _factor(text: str, scaled: re.Match[str]) -> Decimal:
    by = Decimal(scaled["by"])
    try:
        return by if scaled["sign"] == "*" else 1 / by
    except (InvalidOperation, ZeroDivisionError):
        raise MapError(f"--map divides by zero in {text}") from None


def _check_time(form: str) -> None:
    """Refuse a pattern that strptime does not know, or that does not give a date."""
    if form in {ISO, EPOCH, EPOCH_MS}:
        return
    sample = datetime(2024, 6, 13, 17, 45, 30, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(form), form)  # noqa: DTZ007 - only its date counts
    except ValueError:
        read = None
    if read is None or read.date() != sample.date():
        raise MapError(
            f"--map can't read times as {form!r}; write ISO, epoch, epoch_ms, or a pattern such as "
            "time=COLUMN:%d/%m/%Y %H:%M:%S"
        )
