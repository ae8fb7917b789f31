"""MarineCadastre AIS files, read as a stream: compressed or not, old or new headers, line by line.

What a line means is decided in the database (vessel_activity.load_batch); here it is only read:
which columns there are, and whether a field is a number, a time, a name. Every line comes out, the
unreadable ones with the reason.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPECTED = (
    "a MarineCadastre AIS file (https://hub.marinecadastre.gov/pages/vesseltraffic): CSV, plain, "
    ".gz or .zst, with a header that names at least MMSI, BaseDateTime, LAT and LON "
    "(since 2025: mmsi, base_date_time, latitude, longitude)"
)
FIRST_BATCH_LINES = 10_000  # a small one first, so that the database has something to do soon
BATCH_LINES = 50_000
_PIECE_BYTES = 256 * 1024
_LONGEST_LINE_BYTES = 64 * 1024
# A zstd file may ask for a window of 128 MB, which would be most of the memory we promise to use.
_ZSTD_WINDOW_BYTES = 32 * 1024 * 1024

# Header, without case and underscores -> what it is here. The first four must be there.
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
_FIELDS = ("mmsi", "time", "latitude", "longitude", "speed", "course", "name", "type")
_GROUPS = ("mmsi", "date", "clock", *_FIELDS[2:])
_NULL = r"\N"

_NOTHING = {"", r"\N", "Unknown", "Undefined"}
_NUMBER = re.compile(r"-?(?:[0-9]{1,8}\.?[0-9]{0,15}|\.[0-9]{1,15})", re.ASCII)
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
    r"(?:\.[0-9]{1,9})?(?:Z|\+00(?::?00)?)?",
    re.ASCII,
)


class NotAisError(ValueError):
    """The file can't be read as AIS data; the message says what it is and what was expected."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines of a file, ready for COPY.

    Attributes:
        rows: number of lines in it.
        copy_text: the lines in COPY's text format, for the columns `COPY_COLUMNS`.

    """

    rows: int
    copy_text: bytes


COPY_COLUMNS = (
    "line_number, reason, mmsi, reported_at, latitude, longitude, speed, course, name, "
    "type_code, raw"
)


def batches(file: IO[bytes]) -> Iterator[Batch]:
    """Read an AIS file, batch by batch, in memory that does not grow with the file.

    Args:
        file: the file as it is, compressed or not, opened for reading bytes.

    Raises:
        NotAisError: it is no such file, or it ends early or is damaged, maybe after some batches.

    """
    source = _lines(_pieces(file))
    reader = LineReader(_decode(next(source, b"")))
    wanted = FIRST_BATCH_LINES
    rows: list[bytes] = []
    for number, line in enumerate(source, 2):
        if line and not line.isspace():
            rows.append(reader.copy_row(number, line))
            if len(rows) == wanted:
                yield Batch(len(rows), b"".join(rows))
                wanted = BATCH_LINES
                rows.clear()
    if rows:
        yield Batch(len(rows), b"".join(rows))


class LineReader:
    """Reads the lines below one header.

    Raises:
        NotAisError: the header is not that of a file we read.

    """

    def __init__(self, header: str) -> None:
        self._places = _places(header)
        self._width = len(next(csv.reader([header])))
        self._usual = self._usual_line()

    def copy_row(self, number: int, line: bytes) -> bytes:
        """Turn a line into a row for COPY; an unreadable line keeps its number, text and reason."""
        text = _decode(line)
        found = self._usual.fullmatch(text)
        if found is not None:
            mmsi, date, clock, latitude, longitude, speed, course, name, code = found.group(
                *_GROUPS
            )
            if _is_date(date):
                return (
                    f"{number}\t\\N\t{mmsi}\t{date} {clock}+00\t{latitude}\t{longitude}\t"
                    f"{speed or _NULL}\t{course or _NULL}\t{(name and _text(name)) or _NULL}\t"
                    f"{code or _NULL}\t{text}\n"
                ).encode()
        return self.careful_row(number, text)

    def careful_row(self, number: int, text: str) -> bytes:
        """Turn any line into a row for COPY, also the unusual and the unreadable."""
        try:
            values = self._values(text)
        except _UnreadableError as error:
            values = [str(error), *[None] * len(_FIELDS)]
        columns = [_NULL if v is None else _escape(v) for v in (*values, text)]
        return "\t".join((str(number), *columns)).encode() + b"\n"

    def _values(self, text: str) -> list[str | None]:
        try:
            fields = next(csv.reader([text], strict=True), [])
        except csv.Error:
            raise _UnreadableError("broken quotes") from None
        if len(fields) != self._width:
            raise _UnreadableError("wrong number of fields")
        given = {key: _text(fields[place]) for key, place in self._places.items()}
        mmsi = given["mmsi"]
        if mmsi is None or len(mmsi) != 9 or not (mmsi.isascii() and mmsi.isdigit()):  # noqa: PLR2004
            raise _UnreadableError("MMSI is not nine digits")
        time = _TIME.fullmatch(given["time"] or "")
        if time is None or not _is_date(time[1]):
            raise _UnreadableError("time is not an ISO date and time")
        for key, what in (
            ("latitude", "position"),
            ("longitude", "position"),
            ("speed", "speed"),
            ("course", "course"),
        ):
            value = given.get(key)
            if value is not None and not _NUMBER.fullmatch(value):
                raise _UnreadableError(f"{what} is not a number")
        code = given.get("type")
        return [
            None,
            mmsi,
            f"{time[1]} {time[2]}+00",
            given["latitude"],
            given["longitude"],
            given.get("speed"),
            given.get("course"),
            given.get("name"),
            code if code and code.isascii() and code.isdigit() and len(code) < 6 else None,  # noqa: PLR2004
        ]

    def _usual_line(self) -> re.Pattern[str]:
        """One pattern for the lines as they nearly all are: it reads them five times as fast."""
        patterns = {
            "mmsi": "(?P<mmsi>[0-9]{9})",
            "time": "(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
            "(?P<clock>(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])",
            "name": r'(?P<name>[^",\\\t\r]*)',
            "type": "(?P<type>[0-9]{0,5})",
        }
        for key in ("latitude", "longitude", "speed", "course"):
            empty = "" if key in _NEEDED else "?"
            patterns[key] = rf"(?P<{key}>-?[0-9]{{1,8}}(?:\.[0-9]{{1,15}})?){empty}"
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
    """Say at which place each column that we use stands, whatever the order."""
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
        return f"its first line is not a header of AIS data: {header[:80]!r}. Expected {EXPECTED}"
    return (
        f"the header lacks {', '.join(missing)}; it names {', '.join(names)[:300]}. "
        f"Expected {EXPECTED}"
    )


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Give the text of the file in pieces of bounded size, decompressed by what it begins with."""
    magic = file.read(4)
    file.seek(0)
    if not magic:
        raise NotAisError(f"the file is empty. Expected {EXPECTED}")
    if magic.startswith(b"PK"):
        raise NotAisError(
            "this is a ZIP archive; unpack it first (unzip -p FILE.zip | gzip > FILE.csv.gz). "
            f"Expected {EXPECTED}"
        )
    try:
        if magic.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                while piece := unpacked.read(_PIECE_BYTES):
                    yield piece
        elif magic == b"\x28\xb5\x2f\xfd":
            yield from _zstd_pieces(file)
        else:
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except EOFError:
        raise NotAisError("the compressed file ends early; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise NotAisError(f"the compressed file is damaged ({error}); fetch it again") from None


def _zstd_pieces(file: IO[bytes]) -> Iterator[bytes]:
    # Small bites, since a decompression object gives all that a bite holds at once.
    unpack = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    frame = unpack.decompressobj()
    ended = True
    while bite := file.read(4096):
        while bite:
            if ended:
                frame = unpack.decompressobj()
            yield frame.decompress(bite)
            ended = frame.eof
            bite = frame.unused_data if ended else b""
    if not ended:
        raise EOFError


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Split at line feeds; a quoted field can't hold one, so that a stray quote costs one line."""
    rest = b""
    first = True
    for piece in pieces:
        if first and piece:
            piece = piece.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901
            first = False
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
        if len(rest) > _LONGEST_LINE_BYTES:
            raise NotAisError(
                f"a line is longer than {_LONGEST_LINE_BYTES} bytes. Expected {EXPECTED}"
            )
    if rest:
        yield rest.removesuffix(b"\r")


def _decode(line: bytes) -> str:
    # PostgreSQL text holds no zero byte; what is not UTF-8 becomes a replacement mark.
    text = line.decode("utf-8", "replace")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _text(field: str) -> str | None:
    """Take blanks and `@`, with which six-bit AIS text is filled up, off a field."""
    text = field.strip(" @\t")
    return None if text in _NOTHING else text


def _escape(value: str) -> str:
    return (
        value.replace("\\", "\\\\").replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
    )


@lru_cache(maxsize=4096)
def _is_date(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).year >= 1900  # noqa: PLR2004
    except ValueError:
        return False
