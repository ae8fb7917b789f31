"""A vessel's name, type and flag after any number of loads, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vessel_activity.ais import load as ingest

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

HEADER = "MMSI,BaseDateTime,LAT,LON,VesselName,VesselType"


@pytest.fixture
def load(url: str, tmp_path: Path) -> Load:
    return Load(url, tmp_path / "ais.csv")


class Load:
    """Loads one report at a time, as a file of its own."""

    def __init__(self, url: str, path: Path) -> None:
        self._url, self._path = url, path

    def __call__(self, clock: str, name: str, code: str) -> tuple[int, int]:
        """Return how many vessels were added and how many changed."""
        self._path.write_text(f"{HEADER}\n257000001,2022-01-03T{clock},60,5,{name},{code}\n")
        counts = ingest.load_file(self._url, self._path).counts
        return counts.vessels_new, counts.vessels_updated


def vessel(db: psycopg.Connection) -> tuple[object, ...]:
    rows = db.execute('select name, "vesselType", flag from public.vessels').fetchall()
    assert len(rows) == 1
    return tuple(rows[0])


def test_the_newest_name_and_type_win_in_any_order_of_files(
    db: psycopg.Connection, load: Load
) -> None:
    assert load("00:10:00", "NEWER", "") == (1, 0)
    assert load("00:30:00", "", "80") == (0, 1)
    assert vessel(db) == ("NEWER", "Tanker", "NO")
    # Older than the name, though the vessel has reported since: nothing changes.
    assert load("00:05:00", "OLDER", "70") == (0, 0)
    # Older than the type, newer than the name.
    assert load("00:20:00", "NEWEST", "70") == (0, 1)
    assert vessel(db) == ("NEWEST", "Tanker", "NO")
    assert load("00:40:00", "@@@@", "0") == (0, 0)
    assert vessel(db) == ("NEWEST", "Tanker", "NO")


def test_earlier_static_data_count_as_of_the_vessels_newest_position(
    db: psycopg.Connection, load: Load
) -> None:
    db.execute(
        """
        insert into public.vessels (mmsi, name, "vesselType", flag)
        values ('257000001', 'OWN NAME', ' ', 'Norway');
        insert into public.vessel_positions ("vesselId", timestamp)
        select id, '2022-01-03 00:10:00+00' from public.vessels;
        """
    )
    # A blank value is filled at any age; an existing flag stays.
    assert load("00:05:00", "OLDER", "70") == (0, 1)
    assert vessel(db) == ("OWN NAME", "Cargo", "Norway")
    assert load("00:15:00", "NEWER", "1004") == (0, 1)
    assert vessel(db) == ("NEWER", "Cargo", "Norway")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("20", "Wing in Ground"), ("30", "Fishing"), ("31", "Tug"), ("36", "Sailing"),
        ("37", "Pleasure Craft"), ("49", "High Speed Craft"), ("50", "Pilot"),
        ("51", "Search and Rescue"), ("35", "Military"), ("60", "Passenger"), ("79", "Cargo"),
        ("89", "Tanker"), ("99", "Other"), ("1001", "Fishing"), ("1004", "Cargo"),
        ("1012", "Passenger"), ("1019", "Pleasure Craft"), ("1024", "Tanker"), ("1025", "Tug"),
        ("0", None), ("7", None), ("38", None), ("200", None), ("1026", None), ("Cargo", None),
    ],
)  # fmt: skip
def test_a_type_code_gets_its_name_or_none(
    db: psycopg.Connection, load: Load, code: str, name: str | None
) -> None:
    load("00:00:00", "ANNA", code)
    assert vessel(db) == ("ANNA", name, "NO")
