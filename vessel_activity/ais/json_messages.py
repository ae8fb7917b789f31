"""Reads AIS messages in JSON: those of aisstream.io, and those of AIS-catcher.

The keys tell which of the two a message is. Speeds and courses are rounded to tenths, since some
programs keep them as short binary fractions (20.80000114).
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vessel_activity.ais.messages import POSITION_TYPES, STATIC_TYPES, epoch_of
from vessel_activity.ais.nmea import NmeaReader
from vessel_activity.ais.values import as_name, as_utc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vessel_activity.ais.heard import Heard
    from vessel_activity.ais.messages import Tally

_UNKNOWN_FORM = "JSON of an unknown form"
_NO_MMSI = "MMSI is not nine digits"
_LONG_RANGE, _STATIC = 27, 24
_LONG_RANGE_NO_SPEED = 63
_LARGEST_CODE = 99_999
_PLAIN_TIME = re.compile(r"[0-9]{14}", re.ASCII)
# Types by the names that aisstream gives them, for messages without MessageID.
_AISSTREAM_TYPES = {
    "PositionReport": 1,
    "StandardClassBPositionReport": 18,
    "ExtendedClassBPositionReport": 19,
    "LongRangeAisBroadcastMessage": 27,
    "ShipStaticData": 5,
    "StaticDataReport": 24,
}
# What gpsd says of itself and of GPS, besides AIS.
_OTHER_CLASSES = (
    "VERSION", "DEVICES", "DEVICE", "WATCH", "TPV", "SKY", "GST", "ATT", "IMU", "PPS", "TOFF",
    "OSC", "ERROR",
)  # fmt: skip


def is_known(line: bytes) -> bool:
    """Tell whether a line is JSON with a message of a known form."""
    try:
        return any(_form(one) for one in _messages(json.loads(line)))
    except (ValueError, RecursionError):
        return False


def _messages(found: object) -> list[object]:
    """Return the messages of an object: AIS-catcher packs several of them into one."""
    messages = found.get("msgs") if isinstance(found, dict) else found
    return messages if isinstance(messages, list) and messages else [found]


def _form(found: object) -> str | None:
    """Return whose message an object is; None if it is of no known form."""
    if not isinstance(found, dict):
        return None
    if "MessageType" in found:
        return "aisstream"
    if isinstance(found.get("nmea"), list) and found["nmea"]:
        return "nmea"
    return "AIS-catcher" if "type" in found and "mmsi" in found else None


class JsonReader:
    """Reads the JSON objects of one source, one after the other. None of them makes it fail."""

    def __init__(self, tally: Tally, heard: Heard | None = None) -> None:
        self.tally = tally
        self._nmea = NmeaReader(tally, heard)

    def set_tally(self, tally: Tally) -> None:
        """Count into another tally from now on."""
        self.tally = self._nmea.tally = tally

    def read(self, line: bytes, arrived: float | None) -> None:
        """Read a line that holds one object.

        arrived: when it arrived, in seconds since 1970; None for a file.
        """
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            self._one_line("JSON that can't be read", line)
            return
        for message in _messages(found):
            self._read(message, line, arrived)

    def expire(self, now: float) -> None:
        """Give up parts of messages as `NmeaReader.expire` does."""
        self._nmea.expire(now)

    def finish(self) -> None:
        """Give up parts of messages as `NmeaReader.finish` does."""
        self._nmea.finish()

    def _one_line(self, reason: str, line: bytes) -> None:
        self.tally.lines += 1
        self.tally.reject(reason, line)

    def _read(self, found: object, line: bytes, arrived: float | None) -> None:
        form = _form(found)
        if form is None or not isinstance(found, dict):
            if isinstance(found, dict) and found.get("class") in _OTHER_CLASSES:
                self.tally.lines += 1
                self.tally.other += 1
            else:
                self._one_line(_UNKNOWN_FORM, line)
        elif form == "nmea":
            # The sentences are exact; the numbers beside them may not be.
            for sentence in found["nmea"]:
                raw = str(sentence).encode("utf-8", "replace")
                self._nmea.read(raw, arrived, _catcher_time(found))
        else:
            self.tally.lines += 1
            read = self._aisstream if form == "aisstream" else self._catcher
            read(found, line, arrived)

    # --- aisstream.io ---

    def _aisstream(self, found: Mapping[str, Any], line: bytes, arrived: float | None) -> None:
        tally = self.tally
        name = found["MessageType"]
        bodies, about = found.get("Message"), found.get("MetaData")
        body = bodies.get(name) if isinstance(bodies, dict) and isinstance(name, str) else None
        about = about if isinstance(about, dict) else {}
        if not isinstance(body, dict):
            tally.reject(_UNKNOWN_FORM, line)
            return
        if body.get("Valid") is False:
            tally.reject("marked as not valid by the source", line)
            return
        kind = _whole(body.get("MessageID")) or _AISSTREAM_TYPES.get(name)
        if kind is None or kind not in POSITION_TYPES | STATIC_TYPES:
            tally.ignore(name if kind is None else kind, arrived)
            return
        mmsi = _whole(body.get("UserID"))
        mmsi = _whole(about.get("MMSI")) if mmsi is None else mmsi
        if mmsi is None:
            tally.reject(_NO_MMSI, line)
            return
        at = _iso_time(about.get("time_utc"))
        if kind not in POSITION_TYPES:
            told = _parts_of_24(body) if kind == _STATIC else body
            # Part B of a type 24 has ShipType; the others have Type.
            code = told.get("ShipType") if kind == _STATIC else told.get("Type")
            tally.add(
                kind, at, arrived, mmsi, line, name=_name(told.get("Name")), type_code=_code(code)
            )
            return
        tally.add(
            kind,
            at,
            arrived,
            mmsi,
            line,
            place=(_number(body.get("Latitude"), 6), _number(body.get("Longitude"), 6)),
            speed=_speed(body.get("Sog"), kind),
            course=_number(body.get("Cog"), 1),
            name=_name(body.get("Name")),
            type_code=_code(body.get("Type")),
        )

    # --- AIS-catcher ---

    def _catcher(self, found: Mapping[str, Any], line: bytes, arrived: float | None) -> None:
        tally = self.tally
        kind, mmsi = _whole(found["type"]), _whole(found["mmsi"])
        if kind is None:
            tally.reject(_UNKNOWN_FORM, line)
            return
        if kind not in POSITION_TYPES | STATIC_TYPES:
            tally.ignore(kind, arrived)
            return
        if mmsi is None:
            tally.reject(_NO_MMSI, line)
            return
        if found.get("scaled") is False:  # so gpsd sends the numbers of the message as they are
            tally.reject("JSON without scaled numbers", line)
            return
        at = _catcher_time(found)
        name, code = _name(found.get("shipname")), _code(found.get("shiptype"))
        if kind not in POSITION_TYPES:
            tally.add(kind, at, arrived, mmsi, line, name=name, type_code=code)
            return
        tally.add(
            kind,
            at,
            arrived,
            mmsi,
            line,
            place=(_number(found.get("lat"), 6), _number(found.get("lon"), 6)),
            speed=_speed(found.get("speed"), kind),
            course=_number(found.get("course"), 1),
            name=name,
            type_code=code,
        )


def _parts_of_24(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a type 24 that it holds. The other part is there too, but not valid."""
    a, b = body.get("ReportA"), body.get("ReportB")
    told: dict[str, Any] = {}
    if isinstance(a, dict) and a.get("Valid") is not False and not body.get("PartNumber"):
        told["Name"] = a.get("Name")
    if isinstance(b, dict) and b.get("Valid") is not False and body.get("PartNumber") is not False:
        told["ShipType"] = b.get("ShipType")
    return told


def _catcher_time(found: Mapping[str, Any]) -> float | None:
    """Return the time at which AIS-catcher heard a message."""
    for key in ("rxuxtime", "toa"):
        number = _number(found.get(key), 6)
        if number is not None and (at := epoch_of(number)) is not None:
            return at
    text = str(found.get("rxtime", ""))
    if not _PLAIN_TIME.fullmatch(text):
        return None
    try:
        at = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return epoch_of(at)


def _iso_time(text: object) -> float | None:
    """Return the time of aisstream, such as 2025-03-13 19:47:13.233407195 +0000 UTC."""
    utc = as_utc(text) if isinstance(text, str) else None
    return None if utc is None else epoch_of(datetime.fromisoformat(f"{utc}:00").timestamp())


def _number(value: object, places: int) -> float | None:
    """Return a number, rounded; None for a value that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return round(number, places) if math.isfinite(number) else None


def _speed(value: object, kind: int) -> float | None:
    speed = _number(value, 1)
    return None if kind == _LONG_RANGE and speed == _LONG_RANGE_NO_SPEED else speed


def _whole(value: object) -> int | None:
    """Return a whole number, also one that is written as a text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:  # noqa: PLR2004
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _name(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    # A lone surrogate is no text that the database could hold.
    text = value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return as_name(text[:200])


def _code(value: object) -> int | None:
    code = _whole(value)
    return code if code is not None and 0 <= code <= _LARGEST_CODE else None
