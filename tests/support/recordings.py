"""Reads the recordings of tests/data in plain Python, with nothing of the product's.

Values stay as they were sent: 102.3 knots, latitude 91 and the others that mean "not available".
"""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

from tests.conftest import PROJECT, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = PROJECT / "tests" / "data"
# Real recordings may not be published with the project, so they are only on some machines.
REAL_NMEA = [
    path
    for name in ("kystverket_Ais1000Lines.nm4", "dma_aisabnormal_ais-sample.txt.gz")
    if (path := SHARED / "ais" / name).exists()
]


@dataclass(frozen=True)
class Report:
    """A report that could be read; None where a value is missing or no number.

    Attributes:
        raw: the line, or the time and the sentences of a message.
        name: as sent, padding included.
        type_code: number of the ship type; a word in the Danish file.
        kind: type of the message by ITU-R M.1371; 0 in a CSV file.

    """

    raw: str
    mmsi: int
    time: datetime
    latitude: float | None = None
    longitude: float | None = None
    speed: float | None = None
    course: float | None = None
    heading: float | None = None
    name: str = ""
    type_code: str = ""
    kind: int = 0

    @property
    def is_static_only(self) -> bool:
        """Whether it is a message with a name or type, but without a position that can be used."""
        if self.kind == 19:
            is_nowhere = abs(self.latitude or 0) > 90 or abs(self.longitude or 0) > 180
            return is_nowhere and (self.name.strip(" @") != "" or self.type_code != "0")
        return self.latitude is None and bool(self.name or self.type_code)


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


# --- CSV -----------------------------------------------------------------------------------------

_NAMES = {
    "mmsi": "mmsi", "basedatetime": "time", "# timestamp": "time", "lat": "latitude",
    "lon": "longitude", "sog": "speed", "cog": "course", "vesselname": "name",
    "vesseltype": "type_code", "ship type": "type_code",
}  # fmt: skip
_TIME_FORMS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S")


def text_of(name: str) -> str:
    """Return a file of tests/data, or any other; bytes that are no UTF-8 become marks."""
    content = (FOLDER / name).read_bytes()
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode(errors="replace")


def csv_lines(text: str) -> Iterator[tuple[str, dict[str, str] | None]]:
    """Give each line that is not blank, with its fields by name; None for a broken line."""
    header, *lines = text.removesuffix("\n").split("\n")
    names = [name.lower().replace("_", "") for name in header.removesuffix("\r").split(",")]
    names = [_NAMES.get(name, name) for name in names]
    for line in lines:
        whole = line.removesuffix("\r")
        if not whole.strip():
            continue
        try:
            fields = next(csv.reader([whole], strict=True))
        except csv.Error:
            fields = []
        is_whole = len(fields) == len(names)
        yield line, dict(zip(names, fields, strict=True)) if is_whole else None


def csv_reports(name: str) -> Iterator[Report]:
    for line, row in csv_lines(text_of(name)):
        time = None if row is None else _time(row["time"])
        if row is not None and time is not None:
            yield Report(
                line,
                int(row["mmsi"]),
                time,
                number(row["latitude"]),
                number(row["longitude"]),
                number(row["speed"]),
                number(row["course"]),
                number(row["heading"]),
                row["name"],
                row["type_code"],
            )


def _time(text: str) -> datetime | None:
    for form in _TIME_FORMS:
        try:
            return datetime.strptime(text[:19], form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


# --- NMEA ----------------------------------------------------------------------------------------

SENTENCE = re.compile(r"!([A-Z]{5}),(\d),(\d),(\d?),([AB12]?),([^,!]*),(\d)\*([0-9A-F]{2})")
TAG_BLOCK = re.compile(r"\\([^\\*]*)\*([0-9A-F]{2})\\")
TIME_LINE = re.compile(r"\$PGHP,1,(\d+),(\d+),(\d+),(\d+),(\d+),(\d+),(\d+),[^*]*\*([0-9A-F]{2})")
_SIX_BIT = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?"
# Messages with speed and place: where they begin, in bits. Course and heading follow the place.
_BEGINS = {1: (50, 61), 2: (50, 61), 3: (50, 61), 18: (46, 57), 19: (46, 57)}


def checksum(body: str) -> int:
    """Return the XOR of all characters."""
    return reduce(xor, map(ord, body), 0)


def has_right_checksum(framed: str) -> bool:
    """Tell whether the two digits after the `*` are the XOR of what stands before it."""
    body, _, digits = framed.strip("!$\\\r").rpartition("*")
    return checksum(body) == int(digits, 16)


class Message:
    """The bits of a message."""

    def __init__(self, payload: str) -> None:
        values = [ord(character) - (56 if character >= "`" else 48) for character in payload]
        self._bits = "".join(f"{value:06b}" for value in values)
        self.kind = self.unsigned(0, 6)

    def unsigned(self, start: int, width: int) -> int:
        """Read a number, in bits."""
        return int(self._bits[start : start + width], 2)

    def signed(self, start: int, width: int) -> int:
        """Read a number in two's complement."""
        value = self.unsigned(start, width)
        return value - (1 << width) if value >> width - 1 else value

    def text(self, start: int, characters: int) -> str:
        """Read six-bit text, padding included."""
        ends = range(start, start + 6 * characters, 6)
        return "".join(_SIX_BIT[self.unsigned(at, 6)] for at in ends)

    def report(self, raw: str, time: datetime) -> Report:
        """Read what a ship says of its position, its name or its type."""
        mmsi = self.unsigned(8, 30)
        if self.kind in _BEGINS:
            speed, place = _BEGINS[self.kind]
            has_name = self.kind == 19
            return Report(
                raw,
                mmsi,
                time,
                self.signed(place + 28, 27) / 600_000,
                self.signed(place, 28) / 600_000,
                self.unsigned(speed, 10) / 10,
                self.unsigned(place + 55, 12) / 10,
                self.unsigned(place + 67, 9),
                self.text(143, 20) if has_name else "",
                str(self.unsigned(263, 8)) if has_name else "",
                self.kind,
            )
        if self.kind == 27:  # minutes to one place, whole knots
            knots = self.unsigned(79, 6)
            return Report(
                raw,
                mmsi,
                time,
                self.signed(62, 17) / 600,
                self.signed(44, 18) / 600,
                None if knots == 63 else knots,
                self.unsigned(85, 9),
                kind=27,
            )
        if self.kind == 5:
            code = str(self.unsigned(232, 8))
            return Report(raw, mmsi, time, name=self.text(112, 20), type_code=code, kind=5)
        if self.kind == 24 and self.unsigned(38, 2) == 0:
            return Report(raw, mmsi, time, name=self.text(40, 20), kind=24)
        if self.kind == 24:
            return Report(raw, mmsi, time, type_code=str(self.unsigned(40, 8)), kind=24)
        return Report(raw, mmsi, time, kind=self.kind)


@dataclass
class Nmea:
    """What an NMEA file holds.

    Attributes:
        reports: the messages that have a time, in order.
        orphans: parts of messages whose other part did not come in order.
        apart: messages whose parts have something between them.

    """

    reports: list[Report]
    orphans: list[str]
    apart: int = 0


def in_order(lines: list[str]) -> list[str]:
    """Put second parts behind their first parts, if those come within three lines."""
    ordered = list(lines)
    for place, line in enumerate(lines):
        found = SENTENCE.search(line)
        if found is None or found[3] != "2" or "," not in found[0]:
            continue
        for other in range(place + 1, min(place + 4, len(lines))):
            opening = SENTENCE.search(lines[other])
            if opening is not None and opening[2] == "2" and opening[3] == "1":
                if (opening[4], opening[5]) == (found[4], found[5]):
                    ordered[place : other + 1] = [*lines[place + 1 : other + 1], line]
                break
    return ordered


def nmea(name: str, *, any_order: bool = False) -> Nmea:
    """Read a file as `nmea_of` reads its text."""
    return nmea_of(text_of(name), any_order=any_order)


def nmea_of(text: str, *, any_order: bool = False, arrived: datetime | None = None) -> Nmea:
    """Read the sentences that are alone on their line, whole, and of the right checksum.

    any_order: join a second part to a first part that comes after it, too.
    arrived: the time of messages that have none; without it, they are left out.
    """
    found = Nmea([], [])
    time: datetime | None = None
    first: dict[tuple[str, str], tuple[int, str, datetime | None]] = {}
    has_time_lines = "$PGHP" in text
    lines = text.splitlines()
    for number, line in enumerate(in_order(lines) if any_order else lines):
        if line.startswith(("$PGHP", "\\si:")):
            time = _pghp_time(line)
            continue
        tag = TAG_BLOCK.match(line)
        if not has_time_lines:
            time = _tag_time(tag) if tag else None
        sentence = _whole_sentence(line, tag)
        if sentence is None:
            continue
        key, payload, raw = (sentence[4], sentence[5]), sentence[6], line
        if sentence[2] == "2" and sentence[3] == "1":
            if key in first:
                found.orphans.append(first[key][1])
            first[key] = (number, line, time)
            continue
        if sentence[2] == "2":
            if key not in first:
                found.orphans.append(line)
                continue
            begun, opening, time = first.pop(key)
            found.apart += number > begun + 1
            before = SENTENCE.search(opening)
            assert before is not None
            payload, raw = before[6] + payload, opening + line
        told = time or arrived
        if told is not None and payload and re.fullmatch("[0-W`-w]+", payload):
            found.reports.append(Message(payload).report(f"{time} {raw}", told))
    found.orphans += [line for _, line, _ in first.values()]
    return found


def _whole_sentence(line: str, tag: re.Match[str] | None) -> re.Match[str] | None:
    """Find the sentence behind a tag block; None if one of them is broken."""
    if tag is not None and not _is_right_block(tag):
        return None
    sentence = SENTENCE.fullmatch(line[tag.end() if tag else 0 :])
    return sentence if sentence is not None and has_right_checksum(sentence[0]) else None


def _is_right_block(tag: re.Match[str]) -> bool:
    """Tell whether the checksum of a tag block is right, with or without its group.

    Kystverket adds the group to a block that has its checksum already.
    """
    return has_right_checksum(tag[0]) or has_right_checksum(re.sub(r"g:[0-9-]+,", "", tag[0]))


def _tag_time(tag: re.Match[str]) -> datetime | None:
    told = re.search(r"\bc:(\d+)", tag[1])
    if told is None or not _is_right_block(tag):
        return None
    seconds = int(told[1])
    return datetime.fromtimestamp(seconds / 1000 if seconds > 10**11 else seconds, UTC)


def _pghp_time(line: str) -> datetime | None:
    told = TIME_LINE.fullmatch(line)
    if told is None or not has_right_checksum(line):
        return None
    year, month, day, hour, minute, second, thousandths = map(int, told.groups()[:7])
    try:
        return datetime(year, month, day, hour, minute, second, thousandths * 1000, UTC)
    except ValueError:
        return None


def moved(text: str, by: timedelta) -> str:
    """Move the times of an NMEA recording, by whole seconds. What is broken stays as it is."""
    return "\n".join(_moved_line(line, by) for line in text.split("\n"))


def _moved_line(line: str, by: timedelta) -> str:
    tag, at = TAG_BLOCK.match(line), _pghp_time(line.rstrip("\r"))
    if tag is not None and _tag_time(tag) is not None:
        seconds = int(by.total_seconds())
        content = re.sub(
            r"\bc:(\d+)",
            lambda told: f"c:{int(told[1]) + seconds * (1000 if len(told[1]) > 11 else 1)}",
            tag[1],
        )
        return f"\\{content}*{checksum(content):02X}\\{line[tag.end() :]}"
    if at is not None:
        at += by
        fields = line.rpartition("*")[0].split(",")
        fields[2:9] = [
            str(part)
            for part in (
                at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond // 1000
            )
        ]  # fmt: skip
        body = ",".join(fields)
        return f"{body}*{checksum(body[1:]):02X}" + ("\r" if line.endswith("\r") else "")
    return line


def reports(name: str) -> list[Report]:
    """Read a file of tests/data."""
    return nmea(name).reports if name.startswith("nmea") else list(csv_reports(name))
