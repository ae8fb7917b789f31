"""Files of every form give what plain Python finds in them; a form that is not known is refused."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import COMMAND
from tests.support import ais, filed, recordings
from tests.support.feeding import positions
from vessel_activity.ais import layouts
from vessel_activity.ais import load as ingest
from vessel_activity.errors import MapError, NotAisError

if TYPE_CHECKING:
    from pathlib import Path

DANISH = recordings.FOLDER / "danish_2024.csv"
NMEA = ["nmea_tag_blocks.nm4", "nmea_time_lines.txt"]
WORDS = {  # of the Danish file, and the names that the database has for them
    "Fishing": "Fishing", "Towing": "Tug", "Dredging": "Dredger", "Diving": "Diving",
    "Military": "Military", "Sailing": "Sailing", "Pleasure": "Pleasure Craft",
    "HSC": "High Speed Craft", "Pilot": "Pilot", "SAR": "Search and Rescue", "Tug": "Tug",
    "Port tender": "Port Tender", "Anti-pollution": "Anti-Pollution", "Spare 2": "Other",
    "Law enforcement": "Law Enforcement", "Medical": "Medical Transport", "WIG": "Wing in Ground",
    "Passenger": "Passenger", "Cargo": "Cargo", "Tanker": "Tanker", "Other": "Other",
    "Not party to conflict": "Other",
}  # fmt: skip


def vessels(url: str) -> dict[int, tuple[str | None, str | None]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            'select mmsi::text, name::text, "vesselType"::text from public.vessels'
        ).fetchall()
    return {int(mmsi): (name, kind) for mmsi, name, kind in rows}


# --- NMEA ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NMEA)
def test_an_nmea_file_gives_what_plain_python_finds_in_it(url: str, name: str) -> None:
    reports = recordings.nmea(name, any_order="tag" in name).reports
    result = ingest.load_file(url, recordings.FOLDER / name)

    assert filed.stored(url) == filed.positions(reports)
    assert vessels(url) == filed.vessels(reports)
    counts = result.counts
    assert counts.rows_loaded == len(filed.positions(reports))
    assert counts.rows_read == (
        counts.rows_loaded + counts.rows_duplicate + counts.rows_rejected + counts.rows_static
        + counts.rows_ignored
    )  # fmt: skip
    assert counts.rows_static == sum(
        one.is_static_only and filed.is_ship(one.mmsi) for one in reports
    )
    assert result.rejected["wrong checksum"] == 3
    assert result.rejected["no time"] >= 1


def test_an_nmea_file_that_is_loaded_twice_adds_nothing(url: str) -> None:
    path = recordings.FOLDER / NMEA[0]
    first, second = ingest.load_file(url, path), ingest.load_file(url, path)
    assert second.counts.rows_loaded == 0
    assert second.counts.rows_duplicate == (first.counts.rows_loaded + first.counts.rows_duplicate)


def test_a_rejected_line_of_an_nmea_file_keeps_its_number_and_text(
    url: str, tmp_path: Path
) -> None:
    at = datetime(2026, 5, 4, tzinfo=UTC)
    first, second = ais.voyage(257_000_001, "NORDKAPP", 70)
    path = tmp_path / "a.nm4"
    lines = [
        ais.timed(at, ais.position()),
        ais.timed(at, first),  # whose rest never comes
        b"",
        b"garbage",
        ais.position(),  # without a time
        ais.timed(at, second.replace(b",2,2,3,", b",2,1,4,")),  # and so its checksum is wrong
    ]
    path.write_bytes(b"\n".join(lines))
    ingest.load_file(url, path)
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select line_number, reason, raw from vessel_activity.rejected_row order by 1"
        ).fetchall()
    assert rows == [
        (2, "part of a message whose rest never came", lines[1].decode()),
        (4, "not an AIS sentence", "garbage"),
        (5, "no time", lines[4].decode()),
        (6, "wrong checksum", lines[5].decode()),
    ]


# --- JSON ----------------------------------------------------------------------------------------

AT = datetime(2026, 5, 4, 12, 30, 15, tzinfo=UTC)
MMSI = 257_123_456


def aisstream(kind: str, seconds: int, **body: object) -> str:
    at = AT + timedelta(seconds=seconds)
    return json.dumps(
        {
            "MessageType": kind,
            "MetaData": {"MMSI": MMSI, "time_utc": f"{at:%Y-%m-%d %H:%M:%S}.233407195 +0000 UTC"},
            "Message": {kind: {"UserID": MMSI, "Valid": True, **body}},
        }
    )


def catcher(seconds: int, **body: object) -> str:
    at = AT + timedelta(seconds=seconds)
    return json.dumps({"class": "AIS", "rxtime": f"{at:%Y%m%d%H%M%S}", "mmsi": MMSI, **body})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_messages_in_json_is_loaded(
    url: str, tmp_path: Path, end: str, *, packed: bool
) -> None:
    place = {"Latitude": 60.5, "Longitude": 5.25, "Sog": 20.80000114, "Cog": 87.6}
    nmea = {"nmea": [ais.position(latitude=62.5).decode()]}
    lines = [
        "",
        aisstream("PositionReport", 0, **place),
        aisstream("PositionReport", 0, **place, MessageID=1),  # a duplicate
        aisstream("ShipStaticData", 1, Name="NORDKAPP  ", Type=60),
        catcher(2, type=1, lat=61.5, lon=6.25, speed=3, course=360),
        catcher(3, type=4, lat=61.5, lon=6.25),
        catcher(4, type=1, lat=91, lon=181),
        catcher(5, type=1, speed=1, **nmea),
        json.dumps({"type": 1, "mmsi": MMSI, "lat": 1, "lon": 2}),  # without a time
        "{broken",
        ais.timed(AT + timedelta(seconds=6), ais.position(latitude=63.5)).decode(),
    ]
    path = tmp_path / ("a.jsonl.gz" if packed else "a.jsonl")
    text = end.join(lines).encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    result = ingest.load_file(url, path)

    assert positions(url) == [
        (str(MMSI), AT, 60.5, 5.25, "20.8", "87.6"),
        (str(MMSI), AT + timedelta(seconds=2), 61.5, 6.25, "3.0", None),
        (str(MMSI), AT + timedelta(seconds=5), 62.5, 5.25, "12.3", "87.6"),
        (str(MMSI), AT + timedelta(seconds=6), 63.5, 5.25, "12.3", "87.6"),
    ]
    assert vessels(url) == {MMSI: ("NORDKAPP", "Passenger")}
    counts = result.counts
    assert (counts.rows_read, counts.rows_loaded, counts.rows_duplicate) == (10, 4, 1)
    assert (counts.rows_static, counts.rows_ignored, counts.rows_rejected) == (1, 1, 3)
    assert result.rejected == {
        "position not available": 1, "no time": 1, "JSON that can't be read": 1,
    }  # fmt: skip
    with psycopg.connect(url) as connection:
        kept = connection.execute(
            "select line_number, raw from vessel_activity.rejected_row order by 1"
        ).fetchall()
    assert kept == [(number, lines[number - 1]) for number in (7, 9, 10)]
    assert ingest.load_file(url, path).counts.rows_loaded == 0


def test_json_of_an_unknown_form_is_refused_with_its_first_line_and_the_nearest_forms(
    url: str, tmp_path: Path
) -> None:
    path = tmp_path / "digitraffic.json"
    path.write_text('\n{"time": 1668075025, "sog": 10.7, "lon": 25.1}\n{"time": 1668075026}\n')
    with pytest.raises(NotAisError) as raised:
        ingest.load_file(url, path)
    first, nearest, expected = str(raised.value).splitlines()
    assert first.endswith('Its first line: {"time": 1668075025, "sog": 10.7, "lon": 25.1}')
    assert "MessageType, MetaData and Message" in nearest
    assert "type and mmsi" in nearest
    assert expected.startswith("  expected: a MarineCadastre CSV")


if recordings.REAL_NMEA:

    @pytest.mark.parametrize("path", recordings.REAL_NMEA, ids=lambda path: path.name)
    def test_a_real_nmea_recording_is_read_whole(url: str, path: Path) -> None:
        counts = ingest.load_file(url, path).counts
        read, static = (877, 123) if "kystverket" in path.name else (26_077, 100)
        assert counts.rows_read == read
        assert counts.rows_static >= static - 31
        assert counts.rows_loaded > 0.5 * read


# --- the Danish CSV ------------------------------------------------------------------------------


def danish_positions() -> dict[tuple[int, datetime], filed.Position]:
    found: dict[tuple[int, datetime], filed.Position] = {}
    for _, row in recordings.csv_lines(recordings.text_of(DANISH.name)):
        if row is None or row["type of mobile"] not in {"Class A", "Class B"}:
            continue
        numbers = [recordings.number(row[key]) for key in ("latitude", "longitude")]
        if not re.fullmatch("[2-7][0-9]{8}", row["mmsi"]) or None in numbers:
            continue
        latitude, longitude = numbers
        assert latitude is not None
        assert longitude is not None
        if abs(latitude) > 90 or abs(longitude) > 180:
            continue
        speed, course = recordings.number(row["speed"]), recordings.number(row["course"])
        day, month, year, clock = re.fullmatch(r"(..)/(..)/(....) (.{8})", row["time"]).groups()  # type: ignore[union-attr]
        found.setdefault(
            (int(row["mmsi"]), datetime.fromisoformat(f"{year}-{month}-{day}T{clock}+00:00")),
            (
                latitude,
                longitude,
                None if speed is None or not 0 <= speed <= 102.2 else speed,
                None if course is None or not 0 <= course < 360 else course,
            ),
        )
    return found


def test_the_danish_file_gives_what_plain_python_finds_in_it(url: str) -> None:
    result = ingest.load_file(url, DANISH)
    assert filed.stored(url) == danish_positions()
    assert len(danish_positions()) > 300
    # The day stands first: the third of April, not the fourth of March.
    assert min(at for _, at in filed.stored(url)).date().isoformat() == "2024-04-03"
    assert result.rejected["not a ship station"] >= 10
    assert result.rejected["wrong number of fields"] == 3
    types = Counter(
        row["type_code"]
        for _, row in recordings.csv_lines(recordings.text_of(DANISH.name))
        if row is not None and row["type_code"] in WORDS
    )
    assert {kind for _, kind in vessels(url).values()} - {None} == {WORDS[word] for word in types}


def test_the_older_danish_file_of_22_columns_is_read(url: str, tmp_path: Path) -> None:
    lines = recordings.text_of(DANISH.name).split("\r\n")
    whole = [line for line in lines if line.count('"') == 0 and line.count(",") == 25]
    path = tmp_path / "old.csv"
    path.write_text("\r\n".join(line.rsplit(",", 4)[0] for line in whole) + "\r\n")
    result = ingest.load_file(url, path)
    assert result.counts.rows_read == len(whole) - 1
    assert result.counts.rows_loaded > 250
    assert "wrong number of fields" not in result.rejected


def test_a_zip_archive_is_read_file_by_file(url: str, tmp_path: Path) -> None:
    lines = DANISH.read_bytes().split(b"\r\n")
    path = tmp_path / "aisdk-2024-04.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("aisdk-2024-04-02.csv", b"\r\n".join([lines[0], *lines[300:]]))
        archive.writestr("aisdk-2024-04-01.csv", b"\r\n".join(lines[:300]))
    result = ingest.load_file(url, path)
    assert filed.stored(url) == danish_positions()
    assert result.rejected["wrong number of fields"] == 3


@pytest.mark.parametrize("name", ["marinecadastre_2022.csv", "nmea_tag_blocks.nm4"])
def test_a_zip_archive_may_hold_any_form(url: str, tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(recordings.FOLDER / name, name)
    assert ingest.load_file(url, path).counts.rows_loaded > 250


def test_a_zip_archive_that_is_damaged_or_empty_is_refused(url: str, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w"):
        pass
    path.write_bytes(b"PK\x03\x04" + path.read_bytes())
    with pytest.raises(NotAisError, match="the ZIP archive is empty"):
        ingest.load_file(url, path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(DANISH, "a.csv")
    content = bytearray(path.read_bytes())
    content[1000:1100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(NotAisError, match="damaged"):
        ingest.load_file(url, path)


# --- any other CSV -------------------------------------------------------------------------------


def load_mapped(url: str, tmp_path: Path, text: str, named: str) -> ingest.Result:
    path = tmp_path / "other.csv"
    path.write_text(text)
    return ingest.load_file(url, path, named=layouts.read_map(named))


ALL = "mmsi=ship,time=when{},latitude=y,longitude=x,speed=sog,course=cog,name=called,type=kind"
HEAD = "when,ship,x,y,sog,cog,called,kind,other\n"
REST = ",257123456,5.25,60.5,20.8,87.6,NORDKAPP,{},z\n"


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("", "2026-05-04T12:30:15Z"),
        ("", "2026-05-04 14:30:15.5+02:00"),
        (":epoch", "1777897815"),
        (":epoch", "1777897815.75"),
        (":epoch_ms", "1777897815999"),
        (":%d/%m/%Y %H:%M:%S", "04/05/2026 12:30:15"),
        (":%Y%m%d%H%M%S", "20260504123015"),
        (":%b %d %Y %H:%M:%S %z", "May 04 2026 14:30:15 +0200"),
        (":%d.%m.%y, %H:%M:%S", '"04.05.26, 12:30:15"'),
    ],
)
@pytest.mark.parametrize("kind", ["60", "Passenger"])
def test_a_csv_whose_columns_are_named_is_loaded(
    url: str, tmp_path: Path, form: str, written: str, kind: str
) -> None:
    result = load_mapped(url, tmp_path, HEAD + written + REST.format(kind), ALL.format(form))
    assert result.counts.rows_loaded == 1
    assert positions(url) == [
        ("257123456", datetime(2026, 5, 4, 12, 30, 15, tzinfo=UTC), 60.5, 5.25, "20.8", "87.6")
    ]
    assert vessels(url) == {257_123_456: ("NORDKAPP", "Passenger")}


def test_units_are_converted_exactly(url: str, tmp_path: Path) -> None:
    load_mapped(
        url,
        tmp_path,
        "T;M;LA;LO;S;C\n1777897815;257123456;36300000;-3150000;208;876\n"
        "1777897816;257123456;54600000;0;1;0\n1777897817;257123456;1;1;1023;3600\n",
        "mmsi=M,time=T:epoch,latitude=LA/600000,longitude=LO/600000,speed=S/10,course=C/10",
    )
    rows = positions(url)
    assert [row[2:] for row in rows] == [
        (60.5, -5.25, "20.8", "87.6"),
        (0.000001666667, 0.000001666667, None, None),
    ]


def test_metres_a_second_become_knots(url: str, tmp_path: Path) -> None:
    load_mapped(
        url,
        tmp_path,
        "t,m,a,o,v\n1777897815,257123456,1,2,10\n",
        "mmsi=m,time=t:epoch,latitude=a,longitude=o,speed=v*1.94384",
    )
    assert positions(url)[0][4] == "19.4"  # a load rounds speeds to tenths


def test_a_column_is_found_by_its_name_whatever_is_in_it(url: str, tmp_path: Path) -> None:
    load_mapped(
        url,
        tmp_path,
        "time:utc\tMMSI\tLat\tLon\tsog/10\n2026-05-04T12:30:15\t257123456\t1\t2\t9.5\n",
        "mmsi=mmsi,time=time:utc,latitude=lat,longitude=lon,speed=sog/10",
    )
    assert positions(url)[0][4] == "9.5"


def test_a_time_that_has_another_form_is_rejected_with_it(url: str, tmp_path: Path) -> None:
    for form, reason in ((":epoch", "epoch"), (":%d/%m/%Y", "%d/%m/%Y")):
        result = load_mapped(url, tmp_path, HEAD + "soon" + REST.format("60"), ALL.format(form))
        assert result.rejected == {f"time is not of the form {reason}": 1}
        assert result.counts.times_not_understood == 1


@pytest.mark.parametrize("written", ["54", "0", "-1", "1e999", "nan", "9" * 30, ""])
def test_a_number_that_is_no_epoch_is_rejected(url: str, tmp_path: Path, written: str) -> None:
    result = load_mapped(url, tmp_path, HEAD + written + REST.format("60"), ALL.format(":epoch"))
    assert result.counts.rows_rejected == 1


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("", "--map can't be read at ''; it is FIELD=COLUMN"),
        ("mmsi", "--map can't be read at 'mmsi'"),
        ("mmsi=", "--map can't be read at 'mmsi='"),
        ("ship=a", "--map can't be read at 'ship=a'"),
        ("mmsi=a,mmsi=b,time=c", "--map names mmsi twice"),
        ("mmsi=a,time=b", "--map must name latitude, longitude too"),
    ],
)
def test_a_map_that_can_not_be_read_is_refused(named: str, message: str) -> None:
    with pytest.raises(MapError, match=re.escape(message)):
        layouts.read_map(named)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("y,", "north,"), "names the column north for latitude, which the file does not have"),
        (("sog,", "sog/0,"), "--map divides by zero in sog/0"),
        (("when{}", "when:%H:%M"), "--map can't read times as '%H:%M'; write ISO, epoch"),
        (("when{}", "when:soon"), "--map can't read times as 'soon'"),
    ],
)
def test_a_map_that_does_not_fit_the_file_is_refused(
    changed: tuple[str, str], message: str
) -> None:
    named = layouts.read_map(ALL.replace(*changed).format(""))
    with pytest.raises(MapError, match=re.escape(message)):
        layouts.layout_of(HEAD.strip(), named)


# --- what is not known ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "nearest", "named"),
    [
        (
            "vessel_mmsi;datetime;LAT;LON;SOG knots;Heading",
            (
                "MarineCadastre, of which MMSI, BaseDateTime are missing"
                " and whose columns are separated by commas"
            ),
            "mmsi=vessel_mmsi,time=datetime,latitude=LAT,longitude=LON",
        ),
        (
            "MMSI;Base_Date_Time;LAT;LON",
            (
                "MarineCadastre, whose columns are separated by commas; Danish Maritime Authority,"
                " of which # Timestamp, Latitude, Longitude are missing"
                " and whose columns are separated by commas"
            ),
            "mmsi=MMSI,time=Base_Date_Time,latitude=LAT,longitude=LON",
        ),
        (
            "MMSI,time,LAT,LON",
            (
                "MarineCadastre, of which BaseDateTime is missing; Danish Maritime Authority,"
                " of which # Timestamp, Latitude, Longitude are missing"
            ),
            "mmsi=MMSI,time=time,latitude=LAT,longitude=LON",
        ),
        (
            "# Timestamp,Latitude,Longitude",
            (
                "Danish Maritime Authority, of which MMSI is missing; MarineCadastre,"
                " of which MMSI, BaseDateTime are missing"
            ),
            "mmsi=COLUMN,time=# Timestamp,latitude=Latitude,longitude=Longitude",
        ),
        (
            "ship_no|when|y|x",
            "none: no column has a known name",
            "mmsi=COLUMN,time=COLUMN,latitude=y,longitude=x",
        ),
    ],
)
def test_a_form_that_is_not_known_is_refused_with_its_header_and_the_nearest_forms(
    header: str, nearest: str, named: str
) -> None:
    with pytest.raises(NotAisError) as raised:
        layouts.layout_of(header)
    assert str(raised.value).splitlines() == [
        f"the form of this file is not known. Its header: {header}",
        f"  nearest: {nearest}",
        f"  hint: name its columns: --map '{named}'",
        f"  expected: {layouts.EXPECTED}",
    ]


def test_the_command_takes_a_map_and_refuses_a_wrong_one(url: str, tmp_path: Path) -> None:
    path = tmp_path / "other.csv.gz"
    path.write_bytes(gzip.compress(b"t,m,a,o\n1777897815,257123456,1,2\n"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "load", str(path), *arguments],
            env={"DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    done = run("--map", "mmsi=m,time=t:epoch,latitude=a,longitude=o")
    assert (done.returncode, done.stderr) == (0, "")
    assert "loaded                  1" in done.stdout
    assert run("--map", "mmsi=m").stderr == (
        "error: --map must name time, latitude, longitude too\n"
    )
    refused = run()
    assert refused.returncode == 2
    assert "hint: name its columns: --map 'mmsi=COLUMN,time=t," in refused.stderr
