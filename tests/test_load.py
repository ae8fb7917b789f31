# ruff: noqa: E501, ISC004 - messages read best unbroken
"""A load files, counts or rejects every kind of line; the expected counts are worked out by hand."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
import zstandard

from tests.conftest import PROJECT
from vessel_activity.ais import load as ingest
from vessel_activity.errors import NotAisError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length"
NEW = "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,vessel_type"


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, name: str = "ais.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def line(mmsi: str, time: str = "2022-01-03T00:00:00", **given: str) -> str:
    """Write a line below the OLD header."""
    return ",".join(
        [
            mmsi, time, given.get("lat", "50.5"), given.get("lon", "-5.25"),
            given.get("sog", "10.1"), given.get("cog", "270.0"), "511", given.get("name", "ANNA"),
            "IMO0000000", "", given.get("type", "70"), "0", "",
        ]
    )  # fmt: skip


def test_only_ships_with_a_position_are_loaded_and_other_lines_are_counted_by_reason(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    path = file(
        OLD,
        line("219000001"),
        line("219000001"),  # an exact repeat
        line("219000001", lat="51.0"),  # another position at the same time
        line("002190001"),  # coast station
        line("992190001"),  # aid to navigation
        line("111219001"),  # aircraft
        line("970219001"),  # rescue transmitter
        line("982190001"),  # craft of a mother ship
        line("999999999"),
        line("12345678"),
        line("1072211352"),
        line("219000002", lat="91.0", lon="0.0"),
        line("219000002", lon="181.0"),
        line("219000002", lat="-90.5"),
        line("219000002", time="03/01/2022 00:00:00"),
        "219000002,2022-01-03T00:00:00,50",
        line("219000003", sog="102.3", name='"QUOTED, ""Q"""'),
        line("219000004", sog="102.2", name="FILLED UP@@@@  "),
        line("219000005", sog="-28.1", cog="360.0", name=r"BACK\SLASH", type="31"),
        line("719000006", sog="", cog="", name="", type=""),
    )

    result = ingest.load_file(url, path)

    assert result.rejected == {
        "not a ship station": 6,
        "position not available": 2,
        "MMSI is not nine digits": 2,
        "position out of range": 1,
        "time is not an ISO date and time": 1,
        "wrong number of fields": 1,
    }
    counts = result.counts
    assert (counts.rows_read, counts.rows_loaded, counts.rows_duplicate) == (20, 5, 2)
    assert counts.rows_rejected == 13
    assert db.execute(
        'select v.mmsi, v.name, v."vesselType", v.flag, p.latitude, p.speed::text, p.course'
        ' from public.vessels v join public.vessel_positions p on p."vesselId" = v.id order by 1'
    ).fetchall() == [
        ("219000001", "ANNA", "Cargo", "DK", 50.5, "10.1", 270.0),
        ("219000003", 'QUOTED, "Q"', "Cargo", "DK", 50.5, None, 270.0),
        ("219000004", "FILLED UP", "Cargo", "DK", 50.5, "102.2", 270.0),
        ("219000005", "BACK\\SLASH", "Tug", "DK", 50.5, None, None),
        ("719000006", None, None, None, 50.5, None, None),
    ]
    assert db.execute(
        "select raw from vessel_activity.rejected_row where reason = 'position out of range'"
    ).fetchall() == [(line("219000002", lat="-90.5"),)]


def test_the_newest_static_data_wins_in_any_order_of_lines(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    ingest.load_file(
        url,
        file(
            OLD,
            line("257000001", "2022-01-03T00:10:00", name="NEWER", type="80"),
            line("257000001", "2022-01-03T00:05:00", name="OLDER", type="70"),
            line("257000001", "2022-01-03T00:20:00", name="", type="0"),
        ),
    )
    assert db.execute('select name, "vesselType", flag from public.vessels').fetchall() == [
        ("NEWER", "Tanker", "NO")
    ]
    ingest.load_file(url, file(OLD, line("257000001", "2022-01-02T00:00:00", name="OLDEST")))
    assert db.execute("select name from public.vessels").fetchall() == [("NEWER",)]


@pytest.mark.parametrize("packing", ["plain", "gz", "zst"])
def test_the_header_of_2025_and_every_compression_are_read(
    url: str, db: psycopg.Connection, tmp_path: Path, packing: str
) -> None:
    text = f"{NEW}\r\n366000001,2025-03-01 12:00:00,-70.5,41.25,3.4,10,,BOAT,,,37\r\n".encode()
    path = tmp_path / f"ais.csv.{packing}"
    packed = {"plain": text, "gz": gzip.compress(text), "zst": zstandard.compress(text)}
    path.write_bytes(packed[packing])

    assert ingest.load_file(url, path).counts.rows_loaded == 1
    assert db.execute(
        "select latitude, longitude, speed::text, timestamp::text from public.vessel_positions"
    ).fetchone() == (41.25, -70.5, "3.4", "2025-03-01 12:00:00+00")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"id,name\n1,x\n", "the form of this file is not known. Its header: id,name"),
        (b"MMSI,LAT,LON\n", "nearest: MarineCadastre, of which BaseDateTime is missing; Danish"),
        (b"just text\n", "the first line is no header of AIS data"),
        (b"\x00\x01\x02\x03\x04", "not a text file"),
        (b"PK\x03\x04zip", "damaged"),
        (gzip.compress(OLD.encode() * 1000, mtime=0)[:60], "ends early"),
    ],
)
def test_a_file_that_is_not_ais_is_refused_with_the_expected_form(
    url: str, db: psycopg.Connection, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(NotAisError, match=message):
        ingest.load_file(url, path)
    assert db.execute("select count(*) from public.vessels").fetchone() == (0,)


def test_a_zstd_file_with_too_large_a_window_is_refused_with_the_way_out(
    url: str, tmp_path: Path
) -> None:
    far = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=far).compressobj()
    path = tmp_path / "ais.csv.zst"
    path.write_bytes(packer.compress(OLD.encode()) + packer.flush())

    with pytest.raises(NotAisError, match="compress it again without --long"):
        ingest.load_file(url, path)


def test_a_load_runs_beside_a_replay_but_not_into_its_recording(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    db.execute("select vessel_activity.load_lock()")
    assert ingest.load_file(url, file(OLD, line("219000001"))).counts.rows_loaded == 1
    with pytest.raises(psycopg.errors.LockNotAvailable, match="another replay") as raised:
        ingest.load_file(url, file(OLD, line("219000001")), to_recording=True)
    assert raised.value.diag.message_hint == (
        "Wait until that session has ended, or stop it. Then try again."
    )


def test_a_load_that_runs_is_not_taken_for_dead_by_another_one(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    with psycopg.connect(url, autocommit=True) as dead:
        dead.execute("select vessel_activity.load_start('dead')")
    db.execute("select vessel_activity.load_start('alive')")
    deadline = time.monotonic() + 30
    while db.execute(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and backend_type = 'client backend'"
    ).fetchone() != (1,):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    ingest.load_file(url, file(OLD, line("219000001")))

    assert db.execute("select file, state from vessel_activity.load order by id").fetchall() == [
        ("dead", "interrupted"),
        ("alive", "running"),
        ("ais.csv", "finished"),
    ]


def test_a_load_into_an_adopted_table_without_defaults_numbers_its_rows(
    empty_url: str, file: Callable[..., Path]
) -> None:
    from vessel_activity.install import migrate  # noqa: PLC0415

    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            'create table vessels (id text primary key, mmsi text, name text, "vesselType" text,'
            " flag text, active boolean);"
            "create table vessel_positions (id uuid primary key,"
            ' "vesselId" text, timestamp timestamp(3), latitude real, longitude real, speed real,'
            " course real)"
        )
        migrate.migrate(empty_url)
        db.execute("set timezone = 'Asia/Tokyo'")
        result = ingest.load_file(empty_url, file(OLD, line("219000001"), line("219000002")))
        assert result.counts.rows_loaded == 2
        assert db.execute(
            "select distinct timestamp::text, speed from vessel_positions"
        ).fetchall() == [("2022-01-03 00:00:00", pytest.approx(10.1))]
        db.execute("alter table vessels add column owner text not null default 'x'")
        db.execute("alter table vessels alter column owner drop default")
        with pytest.raises(psycopg.errors.NotNullViolation) as raised:
            ingest.load_file(empty_url, file(OLD, line("219000009")))
        assert raised.value.diag.message_primary == (
            "public.vessels needs a value in owner, which AIS files do not contain"
        )
        assert raised.value.diag.message_hint == (
            "Give the column a default, for example: alter table public.vessels alter column ... set default ..."
        )


def test_names_are_cut_to_the_length_of_the_column(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    db.execute("alter table vessels alter name type varchar(12)")
    path = file(
        OLD, line("219000001", name="STENA GERMANICA"), line("219000002", name="TWELVE LONG X")
    )

    first = ingest.load_file(url, path)
    again = ingest.load_file(url, path)

    assert (first.counts.vessels_new, again.counts.vessels_updated) == (2, 0)
    assert db.execute("select name from vessels order by mmsi").fetchall() == [
        ("STENA GERMAN",),
        ("TWELVE LONG",),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            'alter table vessels alter "vesselType" type kind using null, alter flag type char(1)',
            'public.vessels."vesselType" is public.kind, which can\'t hold a text such as Search and Rescue;'
            " public.vessels.flag is character(1), which can't hold a text such as NO",
        ),
        (
            'alter table vessels alter "vesselType" type integer using null',
            'public.vessels."vesselType" is integer, which can\'t hold a text such as Search and Rescue',
        ),
        (
            'alter table vessels alter "vesselType" type varchar(16), alter mmsi type varchar(8)',
            "public.vessels.mmsi is character varying(8), which can't hold nine digits;"
            ' public.vessels."vesselType" is character varying(16),'
            " which can't hold a text such as Search and Rescue",
        ),
        (
            "alter table vessel_positions alter longitude type numeric(8,6),"
            " alter latitude type numeric(8,6), alter course type text",
            "public.vessel_positions.longitude is numeric(8,6), which can't hold degrees from -180 to"
            " 180; public.vessel_positions.course is text, which can't hold degrees up to 360",
        ),
    ],
)
def test_an_unsuitable_column_is_named_before_anything_is_loaded(
    url: str, db: psycopg.Connection, file: Callable[..., Path], change: str, message: str
) -> None:
    db.execute("create type kind as enum ('Cargo')")
    db.execute(change.encode())
    with pytest.raises(psycopg.errors.DatatypeMismatch) as raised:
        ingest.load_file(url, file(OLD, line("219000001")))
    assert raised.value.diag.message_primary == message
    assert (raised.value.diag.message_hint or "").endswith("Nothing was loaded.")
    assert db.execute("select count(*) from vessel_activity.load").fetchone() == (0,)


@pytest.mark.parametrize(
    "change",
    [
        'alter table vessels alter "vesselType" type varchar(17), alter flag type char(2)',
        "alter table vessels alter mmsi type integer using mmsi::integer",
        "alter table vessel_positions alter longitude type numeric(9,6), alter course type integer,"
        " alter latitude type numeric(8,6), alter speed type numeric(4,1)",
    ],
)
def test_columns_of_other_suitable_types_are_loaded(
    url: str, db: psycopg.Connection, file: Callable[..., Path], change: str
) -> None:
    db.execute(change.encode())
    path = file(OLD, line("219000001", type="51", lon="-179.5"), line("219000002"))
    assert ingest.load_file(url, path).counts.rows_loaded == 2
    assert db.execute('select "vesselType", flag from vessels order by mmsi').fetchall() == [
        ("Search and Rescue", "DK"),
        ("Cargo", "DK"),
    ]


def test_memory_stays_small_whatever_the_size_of_the_file(url: str, tmp_path: Path) -> None:
    path = tmp_path / "large.csv.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write(OLD + "\n")
        for number in range(400_000):
            minute, second = divmod(number % 3600, 60)
            file.write(
                line(str(219000000 + number % 500), f"2022-01-03T00:{minute:02}:{second:02}")
            )
            file.write("\n")
    # Not ru_maxrss, which begins at the size of the process that started this one.
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "import sys; from pathlib import Path;"
                "from vessel_activity.ais import load;"
                "load.load_file(sys.argv[1], Path(sys.argv[2]));"
                "status = Path('/proc/self/status').read_text();"
                "print(status.partition('VmHWM:')[2].split()[0])"
            ),
            url,
            str(path),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 150 * 1024  # kB
