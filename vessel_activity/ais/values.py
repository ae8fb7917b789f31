"""Reads the fields of an AIS file: names, numbers, codes, MMSIs and times.

Files that other tools have written anew are read too: numbers with a needless fraction (70.0) or an
exponent (-8.5e-05), and times with an offset from UTC (+02:00).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

NO_NUMBER = "NaN"
"""Stands for a text that is no number. PostgreSQL reads it as a number that is in no range."""
NO_CODE = "-1"
"""Stands for a text that is no code of a type of ship."""

_NOTHING = {"", r"\N", "Unknown", "Undefined"}
# How programs write a missing value. AIS has no small letters, so no vessel has such a name.
_MISSING_NAME = {"nan", "NaN", "None", "null", "<NA>"}
_MISSING_NUMBER = {"nan", "nat", "none", "null", "<na>", "na", "n/a"}  # in small letters

_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,8}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?", re.ASCII
)
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -30, 8
_CODE = re.compile(r"([0-9]{1,5})(?:\.0*)?", re.ASCII)
_LARGEST_CODE = 99_999
_MMSI = re.compile(r"\+?([0-9]{9})(?:\.0*)?", re.ASCII)
# A number with an exponent is an MMSI only if no digit can be missing. 3.67E+08, as spreadsheets
# write it, has lost six. E8 without a sign is how Java writes a number in full.
_MMSI_WITH_EXPONENT = re.compile(
    r"\+?[1-9](?:\.[0-9]{1,30}[eE]8|\.[0-9]{8,30}[eE]\+?0?8)", re.ASCII
)
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
    r"(?:[.,][0-9]{1,9})? ?(?:[Zz]|UTC|([+-])(0[0-9]|1[0-4])(?::?([0-5][0-9]))?(?: UTC)?)?",
    re.ASCII,
)


def stripped(field: str) -> str | None:
    """Return a field without blanks and `@`, which fill up AIS text; None if nothing is left."""
    text = field.strip(" @\t")
    return None if text in _NOTHING else text


def as_name(field: str) -> str | None:
    """Return the name of a vessel, or None if the field has none."""
    text = stripped(field)
    return None if text in _MISSING_NAME else text


def number_if_given(text: str | None) -> str | None:
    """Return None for a missing number, else what `as_number` returns."""
    return None if text is None or text.lower() in _MISSING_NUMBER else as_number(text)


def code_if_given(text: str | None) -> str | None:
    """Return None for a missing code, else what `as_code` returns."""
    return None if text is None or text.lower() in _MISSING_NUMBER else as_code(text)


def as_number(text: str) -> str:
    """Return a number as PostgreSQL reads it, or NaN for a text that is no number."""
    if not _NUMBER.fullmatch(text):
        return NO_NUMBER
    if "e" not in text and "E" not in text:
        return text
    # Written out, since no type of column may get a number that is beyond its range.
    value = Decimal(text)
    if not value or value.adjusted() < _SMALLEST_EXPONENT:
        return "0"
    return f"{value:f}" if value.adjusted() < _LARGEST_EXPONENT else NO_NUMBER


def as_code(text: str) -> str:
    """Return the digits of a code, or -1 for a text that is no whole number."""
    plain = _CODE.fullmatch(text)
    if plain is not None:
        return plain[1]
    value = Decimal(as_number(text))
    is_code = value.is_finite() and value == int(value) and 0 <= value <= _LARGEST_CODE
    return str(int(value)) if is_code else NO_CODE


def as_mmsi(text: str) -> str | None:
    """Return the nine digits of an MMSI; None for a text that is no whole number of nine digits."""
    plain = _MMSI.fullmatch(text)
    if plain is not None:
        return plain[1]
    if not _MMSI_WITH_EXPONENT.fullmatch(text):
        return None
    value = Decimal(text)
    return str(int(value)) if value == int(value) else None


def as_utc(text: str) -> str | None:
    """Return a time in UTC, without fractions of a second; None for a text that is no ISO time."""
    found = _TIME.fullmatch(text)
    if found is None or not is_date(found[1]):
        return None
    date, clock, sign, hours, minutes = found.groups()
    if sign is not None:
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        at = datetime.fromisoformat(f"{date}T{clock}")
        try:
            at = at - offset if sign == "+" else at + offset
        except OverflowError:
            return None
        date, clock = f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}"
    return f"{date} {clock}+00" if is_date(date) else None


@lru_cache(maxsize=4096)
def is_date(text: str) -> bool:
    """Tell whether a text is a date of the calendar since 1900."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).year >= 1900  # noqa: PLR2004
    except ValueError:
        return False
