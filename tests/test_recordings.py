"""The recordings in tests/data are what their script writes, and hold every pitfall of real AIS."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from functools import cache
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT
from tests.data import make_recordings
from tests.support import recordings
from tests.support.recordings import SENTENCE, TAG_BLOCK, Report, has_right_checksum, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

OLD, NEW = "marinecadastre_2022.csv", "marinecadastre_2025.csv"
DANISH = "danish_2024.csv"
TAGGED, TIMED = "nmea_tag_blocks.nm4", "nmea_time_lines.txt"
FILES = (OLD, NEW, DANISH, TAGGED, TIMED)


def test_the_committed_recordings_are_what_the_script_writes() -> None:
    made = make_recordings.recordings()
    kinds = {".csv", ".nm4", ".txt"}
    committed = {path.name for path in recordings.FOLDER.iterdir() if path.suffix in kinds}

    assert set(made) == set(FILES) == committed
    for name, content in made.items():
        assert (recordings.FOLDER / name).read_bytes() == content, f"make {name} again"


def test_the_script_needs_only_the_standard_library() -> None:
    # Isolated, and without the packages of the virtual environment.
    program = f"import runpy; runpy.run_path({str(PROJECT / 'tests/data/make_recordings.py')!r})"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], check=False)
    assert done.returncode == 0


# --- pitfalls of every file ----------------------------------------------------------------------


@cache
def reports(name: str) -> list[Report]:
    return recordings.reports(name)


def dated(found: list[Report]) -> list[Report]:
    """Leave out the misdated reports: those an hour or more from the middle of the recording."""
    middle = median_low(one.time for one in found)
    return [one for one in found if abs(one.time - middle) < timedelta(hours=1)]


def steps_back(found: list[Report]) -> list[timedelta]:
    times = [one.time for one in dated(found)]
    return [before - after for before, after in pairwise(times) if after < before]


def with_mmsi(low: int, high: int) -> Callable[[list[Report]], int]:
    return lambda found: sum(low <= one.mmsi <= high for one in found)


def first_times(found: list[Report], *, of_static: bool) -> dict[int, int]:
    """Say at which place in the file each MMSI sends its first position, or first name or type."""
    first: dict[int, int] = {}
    for place, one in enumerate(found):
        if (one.name.strip(" @") != "") if of_static else one.latitude is not None:
            first.setdefault(one.mmsi, place)
    return first


def named_late(found: list[Report]) -> int:
    names, positions = first_times(found, of_static=True), first_times(found, of_static=False)
    return sum(place - positions.get(mmsi, place) > 50 for mmsi, place in names.items())


def nameless(found: list[Report]) -> int:
    return len(
        first_times(found, of_static=False).keys() - first_times(found, of_static=True).keys()
    )


def same_mmsi_and_time_elsewhere(found: list[Report]) -> int:
    places: dict[tuple[int, object], set[object]] = {}
    for one in found:
        if one.latitude is not None:
            places.setdefault((one.mmsi, one.time), set()).add((one.latitude, one.longitude))
    return sum(len(each) > 1 for each in places.values())


def ships_that_share_an_mmsi(found: list[Report]) -> int:
    names: dict[int, set[str]] = {}
    for one in found:
        if one.name.strip(" @"):
            names.setdefault(one.mmsi, set()).add(one.name)
    return sum(any("TWIN" in name for name in each) and len(each) > 1 for each in names.values())


IN_EVERY_FILE: dict[str, Callable[[list[Report]], int]] = {
    "misdated": lambda found: len(found) - len(dated(found)),
    "an exact duplicate": lambda found: sum(n > 1 for n in Counter(x.raw for x in found).values()),
    "speed not available": lambda found: sum(x.speed in {None, 102.3} for x in found),
    "speed of 102.2 knots or more": lambda found: sum(x.speed == 102.2 for x in found),
    "speed just below 50": lambda found: sum(x.speed == 49.9 for x in found),
    "speed of 50": lambda found: sum(x.speed == 50 for x in found),
    "speed of 0": lambda found: sum(x.speed == 0 for x in found),
    "course not available": lambda found: sum(x.course in {None, 360} for x in found),
    "course of 359.9": lambda found: sum(x.course == 359.9 for x in found),
    "heading not available": lambda found: sum(x.heading in {None, 511} for x in found),
    "latitude not available": lambda found: sum(x.latitude == 91 for x in found),
    "longitude not available": lambda found: sum(x.longitude == 181 for x in found),
    "coast station": with_mmsi(2_000_000, 7_999_999),
    "group of ships": with_mmsi(20_000_000, 79_999_999),
    "SAR aircraft": with_mmsi(111_000_000, 111_999_999),
    "handheld radio": with_mmsi(800_000_000, 899_999_999),
    "search and rescue transmitter": with_mmsi(970_000_000, 970_999_999),
    "man overboard beacon": with_mmsi(972_000_000, 972_999_999),
    "emergency beacon": with_mmsi(974_000_000, 974_999_999),
    "craft of a parent ship": with_mmsi(980_000_000, 989_999_999),
    "aid to navigation": with_mmsi(990_000_000, 999_999_998),
    "all nines": with_mmsi(999_999_999, 999_999_999),
    "all zeros": with_mmsi(0, 0),
    "an MMSI of eight digits": with_mmsi(12_345_678, 12_345_678),
    "an MMSI of ten digits": with_mmsi(1_000_000_000, 9_999_999_999),
    "one MMSI and time, two places": same_mmsi_and_time_elsewhere,
    "one MMSI, two ships": ships_that_share_an_mmsi,
    "a name long after the first position": named_late,
    "a ship that never says its name": nameless,
    "a name with quotes": lambda found: sum('"' in x.name for x in found),
    "a name with a backslash": lambda found: sum("\\" in x.name for x in found),
    "a name with a comma": lambda found: sum("," in x.name for x in found),
    "a name with an apostrophe": lambda found: sum("'" in x.name for x in found),
    "a name that begins with @": lambda found: sum(x.name.startswith("@@O") for x in found),
    "a name padded with @": lambda found: sum(bool(re.search("[A-Z]@+$", x.name)) for x in found),
    "a name padded with blanks": lambda found: sum(x.name.startswith("  P") for x in found),
    "a name that means none": lambda found: sum(x.name.startswith("UNKNOWN") for x in found),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("pitfall", IN_EVERY_FILE)
def test_every_recording_holds(name: str, pitfall: str) -> None:
    assert IN_EVERY_FILE[pitfall](reports(name)) > 0


@pytest.mark.parametrize("name", FILES)
def test_a_report_comes_up_to_nine_times(name: str) -> None:
    assert max(Counter(one.raw for one in reports(name)).values()) == 9


@pytest.mark.parametrize("name", FILES)
def test_reports_step_back_by_up_to_906_seconds(name: str) -> None:
    steps = steps_back(reports(name))
    assert max(steps) // timedelta(seconds=1) == 906
    assert len(steps) > 0.15 * len(reports(name))


@pytest.mark.parametrize("name", FILES)
def test_less_than_one_report_in_fifty_is_misdated(name: str) -> None:
    assert len(reports(name)) - len(dated(reports(name))) < len(reports(name)) / 50


# --- pitfalls of CSV -----------------------------------------------------------------------------


def cells(name: str, *columns: str) -> Counter[str]:
    """Count the values of some columns in the whole lines."""
    rows = (row for _, row in recordings.csv_lines(text_of(name)) if row is not None)
    return Counter(row[column] for row in rows for column in columns)


def broken(name: str) -> list[str]:
    return [line for line, row in recordings.csv_lines(text_of(name)) if row is None]


@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_marinecadastre_recording_holds_every_form_of_nothing(name: str) -> None:
    assert cells(name, "speed").keys() >= {"", r"\N", "102.3", "102.2", "-28.1", "fast"}
    assert cells(name, "course").keys() >= {"", "360.0"}
    assert cells(name, "heading").keys() >= {"511", "511.0"}
    assert cells(name, "name").keys() >= {"", r"\N", "Unknown", "Undefined", "@@@@@", "TAIL@@@"}
    assert cells(name, "imo").keys() >= {"", "IMO0000000", "Unknown"}
    assert cells(name, "type_code").keys() >= {"", "0", "Unknown", "200", "1004", "1025", "1099"}
    assert cells(name, "latitude").keys() >= {"", "91.0", "-95.2"}
    assert cells(name, "longitude").keys() >= {"0.0", "181.0", "200.5"}
    assert cells(name, "mmsi").keys() >= {"003669999", "036600001", "000000000", "12345678"}
    assert any("\ufffd" in text for text in cells(name, "name"))


@pytest.mark.parametrize(("name", "separator"), [(OLD, "T"), (NEW, " ")])
def test_a_marinecadastre_recording_writes_time_in_several_forms(name: str, separator: str) -> None:
    forms = Counter(re.sub(r"\d", "9", text) for text in cells(name, "time"))
    usual = f"9999-99-99{separator}99:99:99"
    assert forms.most_common(1)[0][0] == usual
    assert set(forms) - {usual, "9999-99-99T99:99:99"} == {
        "9999-99-99T99:99:99Z",
        "9999-99-99 99:99:99.999",
        "9999-99-99T99:99:99+99:99",
        "99/99/9999 99:99:99",
    }
    assert any(text.startswith("2022-02-30") for text in cells(name, "time"))


@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_marinecadastre_recording_holds_broken_lines(name: str) -> None:
    lines = broken(name)
    assert sum(line.count(",") > 16 for line in lines) == 1
    assert sum(line.count(",") < 16 and '"' not in line for line in lines) == 1
    assert sum('"NO END' in line for line in lines) == 1
    assert len(lines) == 3
    assert "\n\n" in text_of(name)


def test_the_headers_are_those_of_the_publishers() -> None:
    assert text_of(OLD).split("\n")[0] == (
        "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,"
        "Length,Width,Draft,Cargo,TransceiverClass"
    )
    assert text_of(NEW).split("\n")[0] == (
        "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,"
        "vessel_type,status,length,width,draft,cargo,transceiver"
    )
    assert text_of(DANISH).split("\r\n")[0] == (
        "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,"
        "Heading,IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing "
        "device,Draught,Destination,ETA,Data source type,A,B,C,D"
    )


def test_every_line_of_the_danish_recording_ends_with_cr_lf() -> None:
    lines = text_of(DANISH).split("\n")
    assert lines.pop() == ""
    assert all(line.endswith("\r") for line in lines)


def test_the_danish_recording_holds_every_form_of_nothing() -> None:
    assert cells(DANISH, "speed").keys() >= {"", "102.3", "102.2", "-28.1"}
    assert cells(DANISH, "course").keys() >= {"", "360.0"}
    assert cells(DANISH, "heading").keys() >= {"", "511"}
    assert cells(DANISH, "name").keys() >= {
        "",
        "@@@@@@",
        "TAIL@@",
        "SJØBJØRN",
        'LIGHT "NO 7", EAST',
    }
    assert cells(DANISH, "imo").keys() >= {"Unknown", "IMO0000000"}
    assert cells(DANISH, "callsign").keys() >= {"Unknown", r"\N"}
    assert cells(DANISH, "type_code").keys() >= {"Undefined", "Reserved", "Not party to conflict"}
    assert cells(DANISH, "destination").keys() >= {"Unknown", "ROUTE A, B", 'PORT "X"'}
    assert cells(DANISH, "eta").keys() >= {"", "31/12/2024 24:60:00"}
    # As a number, a coast station's MMSI has lost its zeros.
    assert cells(DANISH, "mmsi").keys() >= {"3669999", "36600001", "0", "12345678", "1072211352"}


def test_the_danish_recording_names_every_type_of_mobile() -> None:
    assert set(cells(DANISH, "type of mobile")) == {
        "Class A", "Class B", "Base Station", "AtoN", "SAR Airborne",
        "Search and Rescue Transponder",
    }  # fmt: skip


def test_the_danish_recording_gives_latitude_91_with_longitude_0() -> None:
    assert sum((one.latitude, one.longitude) == (91, 0) for one in reports(DANISH)) > 2


def test_over_a_fifth_of_the_danish_recording_repeats_a_line() -> None:
    lines = Counter(one.raw for one in reports(DANISH))
    assert sum(lines.values()) - len(lines) > len(reports(DANISH)) / 5


def test_the_danish_recording_holds_broken_lines() -> None:
    widths = sorted(line.count(",") for line in broken(DANISH))
    assert len(widths) == 3
    assert widths[0] < 25 < widths[1] < widths[2]


# --- pitfalls of NMEA ----------------------------------------------------------------------------


def lines(name: str) -> list[str]:
    return text_of(name).splitlines()


def sentence_of(line: str) -> str:
    """Return what follows the tag block."""
    return TAG_BLOCK.sub("", line, count=1)


def whole(name: str) -> list[re.Match[str]]:
    found = (SENTENCE.fullmatch(sentence_of(line)) for line in lines(name))
    return [sentence for sentence in found if sentence is not None]


def is_six_bit(payload: str) -> bool:
    return re.fullmatch("[0-W`-w]*", payload) is not None


IN_NMEA: dict[str, Callable[[str], int]] = {
    "a wrong checksum": lambda name: sum(not has_right_checksum(x[0]) for x in whole(name)),
    "two sentences on a line": lambda name: sum(
        len(SENTENCE.findall(line)) == 2 for line in lines(name)
    ),
    "a sentence inside another": lambda name: sum(
        line.count("!") == 2 and len(SENTENCE.findall(line)) == 1 for line in lines(name)
    ),
    "a sentence that is cut off": lambda name: sum(
        "!" in line and "*" not in sentence_of(line) for line in lines(name)
    ),
    "a sentence without beginning": lambda name: sum(
        bool(re.match(r"[^!$\\].*,\d\*[0-9A-F]{2}$", sentence_of(line))) for line in lines(name)
    ),
    "an empty payload": lambda name: sum(x[6] == "" for x in whole(name)),
    "a character that is no six-bit code": lambda name: sum(
        not is_six_bit(x[6]) for x in whole(name)
    ),
    "a message of two parts": lambda name: sum(x[2:4] == ("2", "2") for x in whole_groups(name)),
    "a part without the other": lambda name: len(recordings.nmea(name).orphans),
    "a blank line": lambda name: (
        lines(name).count("") + sum(not sentence_of(x) for x in lines(name))
    ),
    "text that is no sentence": lambda name: sum("garbage" in line for line in lines(name)),
}


def whole_groups(name: str) -> list[tuple[str, ...]]:
    return [("", *sentence.groups()) for sentence in whole(name)]


@pytest.mark.parametrize("name", [TAGGED, TIMED])
@pytest.mark.parametrize("pitfall", IN_NMEA)
def test_both_nmea_recordings_hold(name: str, pitfall: str) -> None:
    assert IN_NMEA[pitfall](name) > 0


@pytest.mark.parametrize("name", [TAGGED, TIMED])
def test_an_nmea_recording_holds_messages_of_every_kind_that_matters(name: str) -> None:
    kinds = {recordings.Message(x[6]).kind for x in whole(name) if x[3] == "1" and x[6]}
    assert kinds >= {1, 3, 4, 5, 9, 14, 18, 19, 21, 24, 27}


@pytest.mark.parametrize("name", [TAGGED, TIMED])
def test_an_nmea_recording_holds_first_and_second_parts_alone(name: str) -> None:
    places = [SENTENCE.search(line) for line in recordings.nmea(name).orphans]
    assert {place[3] for place in places if place} == {"1", "2"}


@pytest.mark.parametrize("name", [TAGGED, TIMED])
def test_an_nmea_recording_holds_a_type_code_above_99(name: str) -> None:
    assert any(one.type_code == "200" for one in reports(name))


@pytest.mark.parametrize("name", [TAGGED, TIMED])
def test_a_clean_message_holds_values_in_their_ranges(name: str) -> None:
    for one in reports(name):
        assert one.mmsi < 1 << 30
        assert one.latitude is None or 0 <= one.latitude <= 91
        assert one.longitude is None or -180 <= one.longitude <= 181
        assert one.course is None or 0 <= one.course <= 360
        assert one.heading is None or 0 <= one.heading < 360 or one.heading == 511


def test_tag_blocks_come_in_every_form() -> None:
    blocks = [TAG_BLOCK.match(line) for line in lines(TAGGED)]
    right = [block[1] for block in blocks if block and has_right_checksum(block[0])]
    assert sum(block is not None and not has_right_checksum(block[0]) for block in blocks) == 1
    assert sum(line.startswith("!") for line in lines(TAGGED)) == 1
    assert (
        sum(
            line.startswith("\\") and not block
            for line, block in zip(lines(TAGGED), blocks, strict=True)
        )
        == 1
    )
    assert sum(bool(re.fullmatch(r"c:\d{10}", text)) for text in right) > 200
    assert sum(bool(re.fullmatch(r"c:\d{13}", text)) for text in right) == 1
    assert sum(bool(re.fullmatch(r"s:\d+,c:\d{10}", text)) for text in right) > 50
    assert sum(bool(re.fullmatch(r"s:\d+", text)) for text in right) == 1
    assert sum(bool(re.fullmatch(r"g:1-2-\d+,c:\d{10}", text)) for text in right) > 20
    assert sum(bool(re.fullmatch(r"g:2-2-\d+", text)) for text in right) > 5


def test_parts_come_apart_and_in_the_wrong_order() -> None:
    assert recordings.nmea(TAGGED).apart > 2
    groups = re.findall(r"g:([12])-2-(\d+)", text_of(TAGGED))
    place = {pair: number for number, pair in enumerate(groups)}
    assert sum(part == "2" and place[part, group] < place["1", group] for part, group in place) > 1


def test_time_lines_come_in_every_form() -> None:
    given = [line for line in lines(TIMED) if line.startswith("$PGHP")]
    assert sum("*" not in line for line in given) == 1
    assert sum("*" in line and not has_right_checksum(line) for line in given) == 1
    assert sum(",2013,13,32," in line for line in given) == 1
    followed = list(pairwise(lines(TIMED)))
    assert sum(a.startswith("$PGHP") and b.startswith("\\") for a, b in followed) == 1
    assert sum(a.startswith("\\si:") and b.startswith("!") for a, b in followed) == 1
    assert "\\si:AISD*3F\\" in lines(TIMED)


def test_a_network_speaks_of_itself_between_the_messages() -> None:
    assert "\r\n" in text_of(TIMED)
    assert sum(line.startswith("$PSTT,") for line in lines(TIMED)) > 3
    assert sum(line.startswith("!BSVDO,") for line in lines(TIMED)) > 3
