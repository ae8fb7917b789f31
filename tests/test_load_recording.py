"""A loaded recording gives the figures that plain Python finds in its CSV."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.conftest import PROJECT, SHARED
from tests.support import filed
from vessel_activity.ais import load as ingest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import psycopg

DATA = PROJECT / "tests" / "data"
# Recording -> the instant to compute for.
RECORDINGS: dict[Path, datetime] = {
    DATA / "marinecadastre_2022.csv": datetime(2022, 5, 17, 0, 20, tzinfo=UTC),
    DATA / "marinecadastre_2025.csv": datetime(2025, 2, 9, 0, 20, tzinfo=UTC),
}
# A recording of the real fleet, too large to be committed; tested as well on machines that have it.
REAL = SHARED / "ais" / "marinecadastre_2022-01-03_first99999.csv.gz"
if REAL.exists():
    RECORDINGS[REAL] = datetime(2022, 1, 3, 0, 20, tzinfo=UTC)
# MarineCadastre's own codes, in files before 2018.
OLD_CODES = {
    1001: "Fishing",
    1004: "Cargo",
    1012: "Passenger",
    1019: "Pleasure Craft",
    1024: "Tanker",
    1025: "Tug",
}
COLUMNS = {
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


def type_name(code: int) -> str | None:
    """Name an AIS ship type as Recommendation ITU-R M.1371, table 53, does."""
    tens = {6: "Passenger", 7: "Cargo", 8: "Tanker", 9: "Other", 4: "High Speed Craft"}
    if code // 10 in tens:
        return tens[code // 10]
    names = {
        30: "Fishing", 31: "Tug", 32: "Tug", 33: "Dredger", 34: "Diving", 35: "Military",
        36: "Sailing", 37: "Pleasure Craft", 50: "Pilot", 51: "Search and Rescue", 52: "Tug",
        53: "Port Tender", 54: "Anti-Pollution", 55: "Law Enforcement", 56: "Other", 57: "Other",
        58: "Medical Transport", 59: "Other",
    }  # fmt: skip
    if 20 <= code <= 29:
        return "Wing in Ground"
    return names.get(code) or OLD_CODES.get(code)


class Position(NamedTuple):
    """A position; None where a value is not available."""

    latitude: Decimal | None
    longitude: Decimal | None
    speed: Decimal | None
    course: Decimal | None


@dataclass
class Read:
    """What plain Python reads in a recording by the rules of docs/loading.md.

    Attributes:
        rows: number of lines that are not blank.
        rejected: number of lines by reason.
        positions: each position by MMSI and time.
        names: newest name of each vessel, with its time.
        types: newest type of each vessel, with its time.
        not_understood: number of types and speeds that are given but mean nothing.

    """

    rows: int
    rejected: Counter[str]
    positions: dict[tuple[str, datetime], Position]
    names: dict[str, tuple[datetime, str]]
    types: dict[str, tuple[datetime, str]]
    not_understood: Counter[str]


def lines(path: Path) -> list[str]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode(errors="replace")
    return [line for line in text.split("\n") if line.strip()]


def rows(path: Path) -> Iterator[dict[str, str] | str]:
    """Give the fields of each line by name; the reason, for a line that can't be split."""
    header, *rest = lines(path)
    names = [name.lower().replace("_", "") for name in header.split(",")]
    names = [COLUMNS.get(name, name) for name in names]
    for line in rest:
        try:
            fields = next(csv.reader([line], strict=True))
        except csv.Error:
            yield "broken quotes"
            continue
        if len(fields) == len(names):
            yield dict(zip(names, fields, strict=True))
        else:
            yield "wrong number of fields"


def number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def instant(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", text):
        return None
    try:
        return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError:
        return None


def reason_against(row: dict[str, str]) -> str | None:
    """Say why a row is no position of a ship."""
    if not re.fullmatch(r"\d{9}", row["mmsi"]):
        return "MMSI is not nine digits"
    if instant(row["time"]) is None:
        return "time is not an ISO date and time"
    return "not a ship station" if row["mmsi"][0] not in "234567" else reason_against_position(row)


def reason_against_position(row: dict[str, str]) -> str | None:
    latitude, longitude = number(row["latitude"]), number(row["longitude"])
    if latitude is None or longitude is None or latitude == 91 or longitude == 181:
        return "position not available"
    if not -90 <= latitude <= 90 or not -180 <= longitude <= 180:
        return "position out of range"
    return None


def newest(
    found: dict[str, tuple[datetime, str]], mmsi: str, time: datetime, text: str | None
) -> None:
    """Keep the newest text; of several at one time, the first in the alphabet."""
    if text and (mmsi not in found or (-time.timestamp(), text) < _order(found[mmsi])):
        found[mmsi] = (time, text)


def _order(known: tuple[datetime, str]) -> tuple[float, str]:
    return -known[0].timestamp(), known[1]


def read(path: Path) -> Read:
    """Read the CSV with nothing of the product's."""
    told = Read(0, Counter(), {}, {}, {}, Counter())
    for row in rows(path):
        told.rows += 1
        reason = row if isinstance(row, str) else reason_against(row)
        if isinstance(row, str) or reason is not None:
            told.rejected[str(reason)] += 1
            continue
        mmsi, time = row["mmsi"], instant(row["time"])
        assert time is not None
        speed, course = number(row["speed"]), number(row["course"])
        position = Position(
            number(row["latitude"]),
            number(row["longitude"]),
            None if speed is None or not 0 <= speed <= Decimal("102.2") else speed,
            None if course is None or not 0 <= course < 360 else course,
        )
        told.positions.setdefault((mmsi, time), position)
        name = row["name"].strip(" @")
        newest(told.names, mmsi, time, "" if name in {"Unknown", "Undefined", r"\N"} else name)
        code = row["type"]
        told.not_understood["types"] += code not in {"", "0", "Unknown"} and not (
            code.isdigit() and type_name(int(code))
        )
        told.not_understood["speeds"] += row["speed"] not in {"", r"\N"} and speed is None
        newest(told.types, mmsi, time, type_name(int(code)) if code.isdigit() else None)
    return told


@dataclass
class Case:
    """A recording and what it must give."""

    path: Path
    as_of: datetime
    read: Read
    figures: dict[str, Any]


def figures(told: Read, as_of: datetime) -> dict[str, Any]:
    vessels = {mmsi for mmsi, _ in told.positions}
    types = {mmsi: told.types[mmsi][1] if mmsi in told.types else "Unknown" for mmsi in vessels}
    last: dict[str, datetime] = {}
    for mmsi, time in told.positions:
        if time <= as_of:
            last[mmsi] = max(time, last.get(mmsi, time))

    def active(window: timedelta) -> int:
        return sum(as_of - window <= time for time in last.values())

    hour = [
        position.speed
        for (_, time), position in told.positions.items()
        if as_of - timedelta(hours=1) <= time <= as_of
    ]
    moving = [speed for speed in hour if speed is not None and 0 < speed < 50]
    mean = (sum(moving, Decimal(0)) / len(moving)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {
        "active_now": active(timedelta(minutes=5)),
        "active_last_hour": active(timedelta(hours=1)),
        "active_last_24h": active(timedelta(hours=24)),
        "total_vessels": len(types),
        "positions_last_hour": len(hour),
        "vessel_types": filed.top(Counter(types.values())),
        "top_flags": filed.top(Counter(filed.MIDS.get(mmsi[:3], f"?{mmsi[:3]}") for mmsi in types)),
        "speed_avg": mean,
    }


@pytest.fixture(scope="module", params=RECORDINGS, ids=lambda path: path.name)
def case(request: pytest.FixtureRequest) -> Case:
    path: Path = request.param
    told = read(path)
    return Case(path, RECORDINGS[path], told, figures(told, RECORDINGS[path]))


def test_a_loaded_recording_gives_the_figures_that_plain_python_finds(
    url: str, db: psycopg.Connection, case: Case
) -> None:
    result = ingest.load_file(url, case.path)

    assert result.counts.rows_read == case.read.rows
    assert result.counts.rows_loaded == len(case.read.positions)
    assert result.rejected == dict(case.read.rejected)
    assert result.counts.types_not_understood == case.read.not_understood["types"]
    assert result.counts.speeds_not_understood == case.read.not_understood["speeds"]
    assert result.counts.times_not_understood == case.read.rejected.get(
        "time is not an ISO date and time", 0
    )
    row = db.execute(
        "select active_now, active_last_hour, active_last_24h, total_vessels, positions_last_hour,"
        " vessel_types, top_flags, speed_avg from public.vessel_activity_at(%s)",
        (case.as_of,),
    ).fetchone()
    assert row is not None
    assert row[:5] == tuple(
        case.figures[key]
        for key in (
            "active_now",
            "active_last_hour",
            "active_last_24h",
            "total_vessels",
            "positions_last_hour",
        )
    )
    assert list(row[5].items()) == case.figures["vessel_types"]
    assert [(entry["flag"], entry["count"]) for entry in row[6]] == case.figures["top_flags"]
    assert row[7] == case.figures["speed_avg"]


def floats(values: Iterable[Any]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def test_the_loaded_positions_are_those_of_the_file(
    url: str, db: psycopg.Connection, case: Case
) -> None:
    ingest.load_file(url, case.path)

    loaded = db.execute(
        "select v.mmsi::text, p.timestamp, p.latitude, p.longitude, p.speed, p.course"
        ' from public.vessel_positions p join public.vessels v on v.id = p."vesselId"'
    ).fetchall()
    assert {(mmsi, time): floats(values) for mmsi, time, *values in loaded} == {
        key: floats(position) for key, position in case.read.positions.items()
    }


def test_a_loaded_vessel_has_its_newest_name(url: str, db: psycopg.Connection, case: Case) -> None:
    ingest.load_file(url, case.path)

    vessels = db.execute("select mmsi::text, coalesce(name, '') from public.vessels").fetchall()
    named = {mmsi: name for mmsi, (_, name) in case.read.names.items()}
    assert dict(vessels) == {mmsi: named.get(mmsi, "") for mmsi, _ in case.read.positions}


def test_loading_the_file_twice_adds_nothing(url: str, db: psycopg.Connection, case: Case) -> None:
    first = ingest.load_file(url, case.path)
    before = db.execute("select count(*), max(id) from public.vessel_positions").fetchone()
    vessels = db.execute("select array_agg(v order by v.id)::text from public.vessels v").fetchone()

    second = ingest.load_file(url, case.path)

    assert second.counts.rows_loaded == 0
    assert second.counts.rows_duplicate == first.counts.rows_loaded + first.counts.rows_duplicate
    assert second.counts.vessels_new == second.counts.vessels_updated == 0
    assert db.execute("select count(*), max(id) from public.vessel_positions").fetchone() == before
    assert (
        db.execute("select array_agg(v order by v.id)::text from public.vessels v").fetchone()
        == vessels
    )
