"""The quick and the careful reader give the same row for every line, in any order of columns."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vessel_activity.ais.csv_lines import LineReader

COLUMNS = ["MMSI", "BaseDateTime", "LAT", "LON", "SOG", "COG", "VesselName", "VesselType"]
NEW_NAMES = {
    "MMSI": "mmsi",
    "BaseDateTime": "base_date_time",
    "LAT": "latitude",
    "LON": "longitude",
    "VesselName": "vessel_name",
    "VesselType": "vessel_type",
}
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=12)
FIELDS = {
    "MMSI": st.from_regex(r"[0-9]{8,10}(\.0)?", fullmatch=True) | st.just("367014480"),
    "BaseDateTime": st.datetimes().map(lambda at: at.isoformat(" ", "seconds"))
    | st.dates().map(lambda day: f"{day}T23:59:60")
    | st.sampled_from(["2022-01-03T00:00:00", "2022-02-29T00:00:00", "2022-01-03T00:00:00.5Z"])
    | st.sampled_from(["2022-01-03 00:00:00+00:00", "2022-01-03 00:00:00+02:00"]),
    "LAT": st.decimals(-95, 95, places=5).map(str)
    | st.sampled_from(["", "91", "1e3", "NaN", "-", "-8.5e-05"]),
    "LON": st.decimals(-185, 185, places=5).map(str) | st.sampled_from(["", r"\N", ".5", "5."]),
    "SOG": st.decimals(-30, 103, places=1).map(str) | st.sampled_from(["", "Unknown", "+1", "nan"]),
    "COG": st.decimals(0, 360, places=1).map(str) | st.sampled_from(["", "0x10", "1_0"]),
    "VesselName": TEXT
    | st.sampled_from(['RAY "CHIEF" TONEY', "@@@@", r"A\B", "A@@ ", "A\tB", "nan"]),
    "VesselType": st.integers(0, 100000).map(str)
    | st.sampled_from(["", "Cargo", "٣", "70.0", "70.5", ".0", "7e1", "007"]),
}
ROWS = st.fixed_dictionaries(FIELDS)


def written(values: list[str], *, all_quoted: bool) -> str:
    return ",".join(
        '"' + value.replace('"', '""') + '"'
        if all_quoted or '"' in value or "," in value
        else value
        for value in values
    )


def read(header: list[str], line: str) -> list[str]:
    """Return the fields of the row without the last one, which is the line itself."""
    row = LineReader(",".join(header)).copy_row(2, line.encode()).decode()
    assert row.endswith("\n")
    assert row.count("\n") == 1
    return row[:-1].split("\t")[:-1]


@given(row=ROWS)
@settings(deadline=None, max_examples=300)
@example(row=dict.fromkeys(COLUMNS, ""))
def test_the_quick_path_reads_a_line_as_the_careful_one_does(row: dict[str, str]) -> None:
    line = written([row[name] for name in COLUMNS], all_quoted=False)
    reader = LineReader(",".join(COLUMNS))
    assert reader.copy_row(7, line.encode()) == reader.careful_row(7, line)


@settings(deadline=None)
@given(
    row=ROWS,
    order=st.permutations([*COLUMNS, "Heading", "Draft"]),
    new=st.booleans(),
    all_quoted=st.booleans(),
)
def test_order_names_and_quotes_of_the_columns_do_not_matter(
    row: dict[str, str], order: list[str], new: bool, all_quoted: bool
) -> None:
    expected = read(COLUMNS, written([row[name] for name in COLUMNS], all_quoted=False))
    header = [NEW_NAMES.get(name, name) if new else name for name in order]
    line = written([row.get(name, "511") for name in order], all_quoted=all_quoted)
    assert read(header, line) == expected


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=80).filter(str.strip))
def test_every_line_becomes_one_valid_row(text: str) -> None:
    line = text.replace("\n", " ")
    row = LineReader(",".join(COLUMNS)).copy_row(3, line.encode()).decode()
    fields = row[:-1].split("\t")
    assert (len(fields), fields[0]) == (12, "3")
    assert not set(row[:-1]) & set("\n\r\0")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("MMSI", "36701448", "MMSI is not nine digits"),
        ("MMSI", "٣٦٧٠١٤٤٨٠", "MMSI is not nine digits"),
        ("BaseDateTime", "2022-02-29T00:00:00", "time is not an ISO date and time"),
        ("BaseDateTime", "2022-01-03T00:00:60", "time is not an ISO date and time"),
        ("BaseDateTime", "2022-01-03T00:00:00+15:00", "time is not an ISO date and time"),
        ("BaseDateTime", "2022-01-03T00:00:00+01:60", "time is not an ISO date and time"),
        ("BaseDateTime", "1900-01-01T00:00:00+02:00", "time is not an ISO date and time"),
        ("BaseDateTime", "9999-12-31T23:00:00-02:00", "time is not an ISO date and time"),
        ("BaseDateTime", "03/01/2022 00:00", "time is not an ISO date and time"),
        ("MMSI", "366940480.5", "MMSI is not nine digits"),
        ("MMSI", "36694048.0", "MMSI is not nine digits"),
        ("MMSI", "3.67E+08", "MMSI is not nine digits"),
        ("MMSI", "3.66940481e+07", "MMSI is not nine digits"),
        ("MMSI", "-366940480", "MMSI is not nine digits"),
        ("LAT", "1e", "position is not a number"),
        ("LAT", "1e400", "position is not a number"),
        ("LON", "NaN", "position is not a number"),
        ("LON", "inf", "position is not a number"),
        ("VesselName", '"BROKEN', "broken quotes"),
        ("VesselName", "A,B", "wrong number of fields"),
    ],
)
def test_an_unreadable_line_gives_the_reason(field: str, value: str, reason: str) -> None:
    row = {
        **dict.fromkeys(COLUMNS, "1"),
        "MMSI": "367014480",
        "BaseDateTime": "2022-01-03T00:00:00",
    }
    assert read(COLUMNS, ",".join(row.values()))[1] == r"\N"
    assert read(COLUMNS, ",".join({**row, field: value}.values()))[1] == reason


@pytest.mark.parametrize(
    ("field", "value", "place", "held"),
    [
        ("MMSI", "366940480.0", 3, "366940480"),
        ("MMSI", "+366940480", 3, "366940480"),
        ("MMSI", "3.6694048E8", 3, "366940480"),  # as Java writes a double
        ("MMSI", "3.669404800000000000e+08", 3, "366940480"),  # as numpy.savetxt writes it
        ("BaseDateTime", "2022-01-03T01:30:00+02:00", 4, "2022-01-02 23:30:00+00"),
        ("BaseDateTime", "2022-01-03 01:30:00.75-0330", 4, "2022-01-03 05:00:00+00"),
        ("BaseDateTime", "2022-01-03 01:30:00 +0545", 4, "2022-01-02 19:45:00+00"),
        ("BaseDateTime", "2021-12-31T23:00:00-02", 4, "2022-01-01 01:00:00+00"),
        ("BaseDateTime", "2022-01-03T01:30:00-00:00", 4, "2022-01-03 01:30:00+00"),
        ("BaseDateTime", "2022-01-03 01:30:00 UTC", 4, "2022-01-03 01:30:00+00"),
        ("BaseDateTime", "2022-01-03 01:30:00 +0000 UTC", 4, "2022-01-03 01:30:00+00"),
        ("BaseDateTime", "2022-01-03t01:30:00.123456z", 4, "2022-01-03 01:30:00+00"),
        ("LAT", "-8.5e-05", 5, "-0.000085"),
        ("LAT", "1e1", 5, "10"),
        ("LAT", "+12.5", 5, "+12.5"),
        ("LAT", "-0.0", 5, "-0.0"),
        ("LAT", "1e-400", 5, "0"),
        ("LON", "0.30000000000000004", 6, "0.30000000000000004"),
        ("LON", "-1.2050E+02", 6, "-120.50"),
        ("SOG", "1.01E1", 7, "10.1"),
        ("SOG", "nan", 7, r"\N"),
        ("SOG", "fast", 7, "NaN"),
        ("SOG", "12 kn", 7, "NaN"),
        ("COG", "2.7e2", 8, "270"),
        ("COG", "north", 8, "NaN"),
        ("VesselName", "nan", 9, r"\N"),
        ("VesselName", "NANCY", 9, "NANCY"),
        ("VesselType", "70.0", 10, "70"),
        ("VesselType", "70.", 10, "70"),
        ("VesselType", "7e1", 10, "70"),
        ("VesselType", "+70", 10, "70"),
        ("VesselType", "70.5", 10, "-1"),
        ("VesselType", "-70", 10, "-1"),
        ("VesselType", "Cargo", 10, "-1"),
        ("VesselType", "None", 10, r"\N"),
    ],
)
def test_values_are_read_as_other_tools_write_them(
    field: str, value: str, place: int, held: str
) -> None:
    row = {
        **dict.fromkeys(COLUMNS, "1"),
        "MMSI": "367014480",
        "BaseDateTime": "2022-01-03T00:00:00",
    }
    columns = read(COLUMNS, ",".join({**row, field: value}.values()))
    assert (columns[1], columns[place]) == (r"\N", held)


@pytest.mark.parametrize(
    ("name", "held"), [(b"\xc5\xffA", "\ufffd\ufffdA"), (b"A\x00B", "A\ufffdB"), (b"\xc3\x85", "Å")]
)
def test_text_that_the_database_could_not_hold_is_marked(name: bytes, held: str) -> None:
    line = b"367014480,2022-01-03T00:00:00,1,2,3,4," + name + b",70"
    row = LineReader(",".join(COLUMNS)).copy_row(2, line).decode()
    assert row.split("\t")[9] == held
