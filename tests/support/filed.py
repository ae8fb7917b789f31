"""What a database must hold once some reports are filed, worked out in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.recordings import Report

Position = tuple[float, float, float | None, float | None]
_NOTHING = {"", r"\N", "Unknown", "Undefined"}
NAMES = {
    30: "Fishing", 31: "Tug", 32: "Tug", 33: "Dredger", 34: "Diving", 35: "Military",
    36: "Sailing", 37: "Pleasure Craft", 50: "Pilot", 51: "Search and Rescue", 52: "Tug",
    53: "Port Tender", 54: "Anti-Pollution", 55: "Law Enforcement", 56: "Other", 57: "Other",
    58: "Medical Transport", 59: "Other",
    **dict.fromkeys(range(20, 30), "Wing in Ground"),
    **dict.fromkeys(range(40, 50), "High Speed Craft"),
    **dict.fromkeys(range(60, 70), "Passenger"), **dict.fromkeys(range(70, 80), "Cargo"),
    **dict.fromkeys(range(80, 90), "Tanker"), **dict.fromkeys(range(90, 100), "Other"),
}  # fmt: skip


def is_ship(mmsi: int) -> bool:
    return 200_000_000 <= mmsi < 800_000_000


def positions(reports: Iterable[Report]) -> dict[tuple[int, datetime], Position]:
    """Return one position for each MMSI and second: the first one."""
    found: dict[tuple[int, datetime], Position] = {}
    for one in reports:
        if not is_ship(one.mmsi) or one.latitude is None or one.longitude is None:
            continue
        if abs(one.latitude) > 90 or abs(one.longitude) > 180:
            continue
        speed = None if one.speed is None or not 0 <= one.speed <= 102.2 else one.speed
        course = None if one.course is None or not 0 <= one.course < 360 else one.course
        found.setdefault(
            (one.mmsi, one.time.replace(microsecond=0)),
            (round(one.latitude, 6), round(one.longitude, 6), speed, course),
        )
    return found


def vessels(reports: Iterable[Report]) -> dict[int, tuple[str | None, str | None]]:
    """Return the newest name and type of each vessel that has a position or static data."""
    names: dict[int, tuple[datetime, str]] = {}
    types: dict[int, tuple[datetime, str]] = {}
    reports = [one for one in reports if is_ship(one.mmsi)]
    for one in reports:
        at = one.time.replace(microsecond=0)
        name = one.name.strip(" @\t")
        code = int(one.type_code) if one.type_code.isdigit() else -1
        for known, text in (
            (names, "" if name in _NOTHING else name),
            (types, NAMES.get(code, "")),
        ):
            if text and (one.mmsi not in known or at > known[one.mmsi][0]):
                known[one.mmsi] = (at, text)
            elif text and at == known[one.mmsi][0]:  # of two at one time, the first by letters
                known[one.mmsi] = (at, min(text, known[one.mmsi][1]))
    found = {mmsi for mmsi, _ in positions(reports)}
    found |= {one.mmsi for one in reports if one.is_static_only}
    return {
        mmsi: (names.get(mmsi, (None, None))[1], types.get(mmsi, (None, None))[1]) for mmsi in found
    }


def figures(reports: Iterable[Report], as_of: datetime) -> dict[str, Any]:
    """Compute the figures at an instant."""
    reports = list(reports)
    filed, known = positions(reports), vessels(reports)
    last: dict[int, datetime] = {}
    for mmsi, time in filed:
        if time <= as_of:
            last[mmsi] = max(time, last.get(mmsi, time))
    hour = [
        speed
        for (_, time), (_, _, speed, _) in filed.items()
        if as_of - timedelta(hours=1) <= time <= as_of
    ]
    moving = [Decimal(str(speed)) for speed in hour if speed is not None and 0 < speed < 50]
    mean = sum(moving, Decimal(0)) / len(moving)
    types = Counter(kind or "Unknown" for _, kind in known.values())
    return {
        "active_now": sum(as_of - timedelta(minutes=5) <= time for time in last.values()),
        "active_last_hour": sum(as_of - timedelta(hours=1) <= time for time in last.values()),
        "active_last_24h": sum(as_of - timedelta(hours=24) <= time for time in last.values()),
        "total_vessels": len(known),
        "positions_last_hour": len(hour),
        "vessel_types": dict(
            sorted(types.items(), key=lambda item: (-item[1], item[0].encode()))[:10]
        ),
        "speed_avg": mean.quantize(Decimal("0.01"), ROUND_HALF_UP),
    }
