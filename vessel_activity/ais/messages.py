"""What one source of AIS messages has brought: rows for the database, and counts.

The readers of NMEA lines and of JSON (nmea.py, json_messages.py) fill a `Tally`. A load files its
rows as lines of a file, a feed as a batch. The database decides what a row means: which stations
are ships, which values mean "not available", which positions it has already.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

POSITION_TYPES = frozenset({1, 2, 3, 18, 19, 27})
"""Types of Recommendation ITU-R M.1371 that give the position of a ship."""
STATIC_TYPES = frozenset({5, 19, 24})
"""Types that give the name or the type of a ship."""

AHEAD_SECONDS = 60
BEHIND_SECONDS = 86_400
NO_TIME = "no time"

_NULL = r"\N"
_LARGEST_MMSI = 2**31 - 1  # of the column mmsi
_LONGEST_RAW = 4000
# A clock that shows less was never set, and the second of a minute is no epoch.
_FIRST_EPOCH = 10**8
_LAST_EPOCH = 253_402_300_799  # the end of the year 9999
_SECONDS_BELOW = 10**11


class Row(NamedTuple):
    """A message, or a line that could not be read as one.

    Attributes:
        number: number of the line in its file; 0 in a feed.
        reason: why the line is rejected; None for a message.
        kind: type of the message by ITU-R M.1371.
        at: time of the report in seconds since 1970; None if it is not known.
        mmsi: MMSI of the station that sent the message, of any kind.
        latitude: degrees north as sent, 91 included; None if the message has no position.
        longitude: degrees east as sent, 181 included.
        speed: knots over ground as sent, 102.3 included; None if it is not available.
        course: degrees over ground as sent, 360 included; None if it is not available.
        name: name of the ship without padding; None if the message has none.
        type_code: code of the type of ship; None if the message has none.
        raw: the line or lines as they came.

    """

    number: int
    reason: str | None
    kind: int | None = None
    at: int | None = None
    mmsi: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    speed: float | None = None
    course: float | None = None
    name: str | None = None
    type_code: int | None = None
    raw: bytes = b""


class Tally:
    """What a source has brought since it was last emptied.

    lines = rows + rejected + ignored + joined + other + the parts that still wait for the rest of
    their message.

    Attributes:
        most_rejected: how many rejected lines of each reason become rows; None for all of them.
        number: number of the line that is being read, if it is one of a file.
        rows: messages for the database and rejected lines, in the order of their arrival.
        rejected: rejected lines that are no rows, by reason.
        lines: lines, or objects of JSON.
        joined: lines that belong to a message which is counted with another line.
        other: lines without an AIS message: time lines, other sentences, comments.
        ignored: messages that give neither position nor static data, by type.
        ahead: messages whose time is more than a minute after their arrival.
        behind: messages whose time is more than a day before their arrival.
        newest_report: newest time of a position report that is not ahead, in seconds since 1970.
        newest_arrival: when the newest message arrived, in seconds since 1970.

    """

    __slots__ = (
        "_samples", "ahead", "behind", "ignored", "joined", "lines", "most_rejected",
        "newest_arrival", "newest_report", "number", "other", "rejected", "rows",
    )  # fmt: skip

    def __init__(self, most_rejected: int | None = None) -> None:
        self.most_rejected = most_rejected
        self.number = 0
        self.rows: list[Row] = []
        self.rejected: Counter[str] = Counter()
        self._samples: Counter[str] = Counter()
        self.lines = self.joined = self.other = self.ahead = self.behind = 0
        self.ignored: Counter[str] = Counter()
        self.newest_report: int | None = None
        self.newest_arrival: float | None = None

    def reject(self, reason: str, raw: bytes, number: int | None = None) -> None:
        """Take a line that can't be read. number: its number, if it is not the present line."""
        if self.most_rejected is not None:
            if self._samples[reason] >= self.most_rejected:
                self.rejected[reason] += 1
                return
            self._samples[reason] += 1
        self.rows.append(Row(self.number if number is None else number, reason, raw=raw))

    def ignore(self, kind: int | str, arrived: float | None) -> None:
        """Take a message that has nothing to file."""
        self.ignored[str(kind)] += 1
        if arrived is not None:
            self.newest_arrival = arrived

    def add(
        self,
        kind: int,
        told_at: float | None,
        arrived: float | None,
        mmsi: int,
        raw: bytes,
        *,
        place: tuple[float | None, float | None] | None = None,
        speed: float | None = None,
        course: float | None = None,
        name: str | None = None,
        type_code: int | None = None,
    ) -> None:
        """Take a message of a ship.

        Args:
            kind: type of the message by ITU-R M.1371.
            told_at: the time that the source gives, in seconds since 1970.
            arrived: when the message arrived; None for a file, which has no such time.
            mmsi: MMSI of the sender.
            raw: the line or lines as they came.
            place: latitude and longitude; None for a message that has only static data.
            speed: knots over ground.
            course: degrees over ground.
            name: name of the ship.
            type_code: code of its type.

        """
        is_ahead = False
        if arrived is not None:
            self.newest_arrival = arrived
        if told_at is None:
            told_at = arrived
        elif arrived is not None:
            if told_at > arrived + AHEAD_SECONDS:
                self.ahead += 1
                is_ahead = True
            elif told_at < arrived - BEHIND_SECONDS:
                self.behind += 1
        if told_at is None:
            self.reject(NO_TIME, raw)
            return
        if not 0 <= mmsi <= _LARGEST_MMSI:
            self.reject("MMSI is not nine digits", raw)
            return
        at = int(told_at)
        latitude, longitude = place or (None, None)
        if not (place is None or is_ahead) and at > (self.newest_report or 0):
            self.newest_report = at
        self.rows.append(
            Row(
                self.number,
                None,
                kind,
                at,
                mmsi,
                latitude,
                longitude,
                speed,
                course,
                name,
                type_code,
                raw,
            )
        )


def epoch_of(number: float) -> float | None:
    """Return a time in seconds since 1970 from seconds, milliseconds or smaller parts.

    None for a number that is no time: a clock that was never set, or the second of a minute.
    """
    while number >= _SECONDS_BELOW:
        number /= 1000
    return number if _FIRST_EPOCH <= number <= _LAST_EPOCH else None


@lru_cache(maxsize=4096)
def utc_text(at: int) -> str:
    """Write seconds since 1970 as PostgreSQL reads them."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}+00"


def raw_text(raw: bytes) -> str:
    """Return a line as text that PostgreSQL can hold. Bytes that are no UTF-8 become marks."""
    return raw[:_LONGEST_RAW].decode("utf-8", "replace").replace("\0", "\ufffd")


def escaped(text: str) -> str:
    """Write a text as a field of COPY's text format."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")


def rejected_text(number: int, reason: str, raw: bytes) -> str:
    """Write a rejected line as the database takes it (vessel_activity.feed_batch, load_batch)."""
    empty = "\\N\t" * 9
    return f"{number}\t{escaped(reason)}\t{empty}{escaped(raw_text(raw))}"


def row_text(number: int, row: Row, *, with_raw: bool = True) -> str:
    """Write a row as the database takes it.

    Args:
        number: the first field: number of the line, or place of the source.
        row: the row.
        with_raw: whether to add the line of a message that is likely to be filed.

    """
    _, reason, kind, at, mmsi, latitude, longitude, speed, course, name, code, raw = row
    if reason is not None:
        return rejected_text(number, reason, raw)
    text = escaped(raw_text(raw)) if with_raw or _is_doubtful(mmsi, latitude) else _NULL
    return (
        f"{number}\t\\N\t{kind}\t{mmsi}\t{_NULL if at is None else utc_text(at)}\t"
        f"{_NULL if latitude is None else latitude}\t{_NULL if longitude is None else longitude}\t"
        f"{_NULL if speed is None else speed}\t{_NULL if course is None else course}\t"
        f"{_NULL if name is None else escaped(name)}\t{_NULL if code is None else code}\t{text}"
    )


def _is_doubtful(mmsi: int | None, latitude: float | None) -> bool:
    """Guess whether the database rejects a message, and wants its line to show it."""
    is_ship = mmsi is not None and 200_000_000 <= mmsi < 800_000_000  # noqa: PLR2004
    return not is_ship or (latitude is not None and not -90 <= latitude <= 90)  # noqa: PLR2004
