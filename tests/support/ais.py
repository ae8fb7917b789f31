"""AIS messages for the tests of feeds, encoded with nothing of the product's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.data import make_recordings as make

if TYPE_CHECKING:
    from tests.data.make_recordings import Fields


def report(
    mmsi: int = 257_123_456,
    *,
    latitude: float | None = 60.5,
    longitude: float | None = 5.25,
    speed: float | None = 12.3,
    course: float | None = 87.6,
    name: str = "",
    type_code: int | None = None,
    is_class_b: bool = False,
) -> make.Report:
    """Make a report of a ship."""
    ship = make.Ship(f"{mmsi:09}", name, type_code, is_class_b=is_class_b)
    return make.Report(ship, 0, 0.0, latitude, longitude, speed, course, None)


def framed(fields: Fields, *, sequence: int = 0, channel: str = "A") -> list[bytes]:
    """Make the sentences of a message."""
    return [one.encode() for one in make.sentences(fields, channel, "AIVDM", sequence)]


def position(
    mmsi: int = 257_123_456, *, kind: int = 1, second: int = 30, **values: float | None
) -> bytes:
    """Make the sentence of a position report."""
    one = report(mmsi, **values)  # type: ignore[arg-type]
    fields = make.long_range(one) if kind == 27 else make.position(one, second, kind)
    if kind == 2:
        fields[0] = (2, 6)
    return framed(fields)[0]


def base_station(mmsi: int, at: datetime | None = None) -> bytes:
    """Make the sentence of a message 4."""
    return framed(make.base_station(mmsi, at or datetime(2006, 1, 2, tzinfo=UTC), report()))[0]


def voyage(mmsi: int, name: str, type_code: int, *, sequence: int = 3) -> list[bytes]:
    """Make the two sentences of a message 5."""
    return framed(make.static_a(make.Ship(f"{mmsi:09}", name, type_code)), sequence=sequence)


def tagged(content: str, sentence: bytes) -> bytes:
    """Put a tag block before a sentence."""
    return make.tagged(content).encode() + sentence


def timed(at: datetime, sentence: bytes) -> bytes:
    """Put the time of a receiver before a sentence."""
    return tagged(f"c:{int(at.timestamp())}", sentence)


def with_checksum(body: str) -> bytes:
    """Make a sentence of what stands between ! and *."""
    return f"!{body}*{make.checksum(body):02X}".encode()


def varied(count: int, ships: int = 2000) -> list[bytes]:
    """Make sentences that all differ: positions of many ships, and their static data."""
    made: list[bytes] = []
    number = 0
    while len(made) < count:
        ship = number % ships
        mmsi = 257_000_000 + ship
        kind = (1, 3, 18, 1, 1, 3, 18, 19, 27, 2)[number % 10]
        if number % 20 == 19:
            made += voyage(mmsi, f"SHIP {ship}", 70 + ship % 10, sequence=number // 20 % 10)
        elif kind == 19:
            one = report(
                mmsi,
                latitude=55 + number % 977 / 100,
                longitude=3 + number % 1009 / 100,
                name=f"B {ship}",
            )
            made += framed(make.extended_b(one, number % 60))[:1]
        else:
            made.append(
                position(
                    mmsi,
                    kind=kind,
                    second=number % 60,
                    latitude=55 + number % 977 / 100,
                    longitude=3 + number % 1009 / 100,
                    speed=number % 300 / 10,
                    course=number % 3600 / 10,
                )
            )
        number += 1
    return made[:count]
