"""What a database must hold once some reports are filed, worked out in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from tests.support import feeding

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

# Country digits by the ITU's table of maritime identification digits: those of the recordings in
# tests/data, and those whose flags are common in the real recordings.
FLAGS = {
    "AG": "304 305", "BB": "314", "BE": "205", "BS": "308 309 311", "CA": "316",
    "CY": "209 210 212", "DE": "211 218", "DK": "219 220", "EE": "276", "ES": "224 225",
    "FI": "230", "FO": "231", "FR": "226 227 228", "GB": "232 233 234 235", "GI": "236",
    "GR": "237 239 240 241", "HK": "477", "IT": "247", "KY": "319", "LR": "636 637", "LT": "277",
    "LV": "275", "MH": "538", "MT": "215 229 248 249 256", "NL": "244 245 246",
    "NO": "257 258 259", "PA": "351 352 353 354 355 356 357 370 371 372 373 374", "PL": "261",
    "PT": "204 255 263", "RU": "273", "SE": "265 266", "SG": "563 564 565 566",
    "US": "303 338 366 367 368 369", "VC": "375 376 377",
    "Unknown": "299",  # allocated to no country
}  # fmt: skip
MIDS = {mid: flag for flag, mids in FLAGS.items() for mid in mids.split()}


def is_ship(mmsi: int) -> bool:
    return 200_000_000 <= mmsi < 800_000_000


def is_usable(one: Report) -> bool:
    """Tell whether a report has a position on the globe."""
    return (
        one.latitude is not None
        and one.longitude is not None
        and abs(one.latitude) <= 90
        and abs(one.longitude) <= 180
    )


def stored(url: str) -> dict[tuple[int, datetime], Position]:
    """Return the positions that a database holds, in the form of `positions`."""
    return {
        (int(mmsi), at): (
            round(latitude, 6),
            round(longitude, 6),
            None if speed is None else float(speed),
            None if course is None else float(course),
        )
        for mmsi, at, latitude, longitude, speed, course in feeding.positions(url)
    }


def positions(reports: Iterable[Report]) -> dict[tuple[int, datetime], Position]:
    """Return one position for each MMSI and second: the first one."""
    found: dict[tuple[int, datetime], Position] = {}
    for one in reports:
        if not is_ship(one.mmsi) or not is_usable(one):
            continue
        assert one.latitude is not None
        assert one.longitude is not None
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


def top(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return the ten commonest, those of the same number by their names."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))[:10]


def figures(reports: Iterable[Report], as_of: datetime) -> dict[str, Any]:
    """Compute the figures at an instant, as the columns of the cached row."""
    reports = list(reports)
    filed, known = positions(reports), vessels(reports)
    last: dict[int, datetime] = {}
    for mmsi, time in filed:
        if time <= as_of:
            last[mmsi] = max(time, last.get(mmsi, time))

    def active(window: timedelta) -> int:
        return sum(as_of - window <= time for time in last.values())

    hour = [
        speed
        for (_, time), (_, _, speed, _) in filed.items()
        if as_of - timedelta(hours=1) <= time <= as_of
    ]
    moving = [Decimal(str(speed)) for speed in hour if speed is not None and 0 < speed < 50]
    mean = sum(moving, Decimal(0)) / max(len(moving), 1)
    flags = Counter(MIDS.get(f"{mmsi}"[:3], f"?{mmsi}"[:4]) for mmsi in known)
    return {
        "active_now": active(timedelta(minutes=5)),
        "active_last_hour": active(timedelta(hours=1)),
        "active_last_24h": active(timedelta(hours=24)),
        "total_vessels": len(known),
        "positions_last_hour": len(hour),
        "vessel_types": dict(top(Counter(kind or "Unknown" for _, kind in known.values()))),
        "top_flags": [{"flag": flag, "count": count} for flag, count in top(flags)],
        "speed_avg": mean.quantize(Decimal("0.01"), ROUND_HALF_UP),
    }
