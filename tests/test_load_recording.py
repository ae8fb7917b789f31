"""A real recording, loaded, gives the figures that plain Python finds in its CSV."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import SHARED
from vessel_activity.ais import load as ingest

if TYPE_CHECKING:
    import psycopg

FILE = SHARED / "ais" / "marinecadastre_2022-01-03_first99999.csv.gz"
pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"the recording {FILE.name} is not in ../shared/ais"
)
AS_OF = datetime(2022, 1, 3, 0, 20, tzinfo=UTC)
# Country digits of the commonest flags, from the ITU's table of maritime identification digits.
FLAGS = {
    "US": "303 338 366 367 368 369",
    "CA": "316",
    "MH": "538",
    "PA": "351 352 353 354 355 356 357 370 371 372 373 374",
    "LR": "636 637",
    "KY": "319",
    "HK": "477",
    "BS": "308 309 311",
    "SG": "563 564 565 566",
    "MT": "215 229 248 249 256",
}
MIDS = {mid: flag for flag, mids in FLAGS.items() for mid in mids.split()}


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
    return names.get(code)


def positions_and_types() -> tuple[dict[tuple[str, datetime], Decimal | None], dict[str, str]]:
    """Read the CSV by the rules of docs/loading.md, with nothing of the product's."""
    positions: dict[tuple[str, datetime], Decimal | None] = {}
    types: dict[str, tuple[datetime, str]] = {}
    with gzip.open(FILE, "rt", newline="") as file:
        for row in csv.DictReader(file):
            mmsi = row["MMSI"]
            if len(mmsi) != 9 or mmsi[0] not in "234567":
                continue
            if not -90 <= float(row["LAT"]) <= 90 or not -180 <= float(row["LON"]) <= 180:
                continue
            time = datetime.fromisoformat(row["BaseDateTime"]).replace(tzinfo=UTC)
            speed = Decimal(row["SOG"]) if row["SOG"] else None
            if speed is not None and not 0 <= speed <= Decimal("102.2"):
                speed = None
            positions.setdefault((mmsi, time), speed)
            types.setdefault(mmsi, (datetime.min.replace(tzinfo=UTC), "Unknown"))
            name = type_name(int(row["VesselType"])) if row["VesselType"] else None
            if name is not None and time > types[mmsi][0]:
                types[mmsi] = (time, name)
    return positions, {mmsi: name for mmsi, (_, name) in types.items()}


def top(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))[:10]


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    positions, types = positions_and_types()
    last: dict[str, datetime] = {}
    for mmsi, time in positions:
        if time <= AS_OF:
            last[mmsi] = max(time, last.get(mmsi, time))

    def active(window: timedelta) -> int:
        return sum(AS_OF - window <= time for time in last.values())

    hour = [
        speed
        for (_, time), speed in positions.items()
        if AS_OF - timedelta(hours=1) <= time <= AS_OF
    ]
    moving = [speed for speed in hour if speed is not None and 0 < speed < 50]
    mean = (sum(moving, Decimal(0)) / len(moving)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {
        "active_now": active(timedelta(minutes=5)),
        "active_last_hour": active(timedelta(hours=1)),
        "active_last_24h": active(timedelta(hours=24)),
        "total_vessels": len(types),
        "positions_last_hour": len(hour),
        "vessel_types": top(Counter(types.values())),
        "top_flags": top(Counter(MIDS.get(mmsi[:3], f"?{mmsi[:3]}") for mmsi in types)),
        "speed_avg": mean,
        "positions": len(positions),
    }


def test_a_loaded_recording_gives_the_figures_that_plain_python_finds(
    url: str, db: psycopg.Connection, expected: dict[str, Any]
) -> None:
    result = ingest.load_file(url, FILE)

    assert result.counts.rows_read == 99_999
    assert result.counts.rows_loaded == expected["positions"]
    row = db.execute(
        "select active_now, active_last_hour, active_last_24h, total_vessels, positions_last_hour,"
        " vessel_types, top_flags, speed_avg from public.vessel_activity_at(%s)",
        (AS_OF,),
    ).fetchone()
    assert row is not None
    assert row[:5] == tuple(
        expected[key]
        for key in (
            "active_now",
            "active_last_hour",
            "active_last_24h",
            "total_vessels",
            "positions_last_hour",
        )
    )
    assert list(row[5].items()) == expected["vessel_types"]
    assert [(entry["flag"], entry["count"]) for entry in row[6]] == expected["top_flags"]
    assert row[7] == expected["speed_avg"]


def test_loading_the_file_twice_adds_nothing(url: str, db: psycopg.Connection) -> None:
    first = ingest.load_file(url, FILE)
    before = db.execute("select count(*), max(id) from public.vessel_positions").fetchone()
    vessels = db.execute("select array_agg(v order by v.id)::text from public.vessels v").fetchone()

    second = ingest.load_file(url, FILE)

    assert second.counts.rows_loaded == 0
    assert second.counts.rows_duplicate == first.counts.rows_loaded + first.counts.rows_duplicate
    assert second.counts.vessels_new == second.counts.vessels_updated == 0
    assert db.execute("select count(*), max(id) from public.vessel_positions").fetchone() == before
    assert (
        db.execute("select array_agg(v order by v.id)::text from public.vessels v").fetchone()
        == vessels
    )
