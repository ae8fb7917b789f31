"""Writes the recordings of this folder: python tests/data/make_recordings.py.

The ships and their tracks are invented. The output is the same on every machine: chance comes from
`Random.random` alone, which Python keeps stable for a seed.
"""

from __future__ import annotations

import csv
import io
import math
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(__file__).resolve().parent

# --- The fleet -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ship:
    """A ship station and its static data; a silent ship has no name and no type."""

    mmsi: str
    name: str = ""
    type_code: int | None = None
    is_class_b: bool = False
    imo: int = 0
    call_sign: str = ""
    length: int = 0
    width: int = 0
    draught: float = 0.0
    destination: str = ""


# First three digits of the MMSI, and how many ships have them. 299 belongs to no country.
_COUNTRIES = [
    ("367", 9), ("338", 4), ("366", 2), ("368", 2), ("316", 5), ("538", 4), ("351", 2), ("372", 2),
    ("636", 4), ("319", 3), ("477", 3), ("311", 2), ("563", 2), ("229", 2), ("248", 1), ("219", 3),
    ("257", 2), ("265", 2), ("299", 1),
]  # fmt: skip
_COLOURS = ["AMBER", "BOREAL", "CORAL", "DUSKY", "EMERALD", "FROSTY", "GOLDEN", "HAZEL"]
_BIRDS = ["AVOCET", "BITTERN", "CURLEW", "DUNLIN", "EIDER", "FULMAR", "GANNET"]
# Ship types of Recommendation ITU-R M.1371, one without meaning (200), and none.
_TYPES = [
    70, 80, 60, 30, 31, 52, 37, 36, 71, 89, None, 90, 35, 50, 51, 33, 34, 55, 99, 40, 0, 20, 53, 54,
    58, 57, 200, 74, 69, 47,
]  # fmt: skip
# Names that a careless reader of CSV, of escapes or of six-bit text gets wrong.
_ODD_NAMES = {
    3: 'RAY "CHIEF" TERN', 8: "F\\V NORTH STAR", 13: "SHOAL 8,1", 18: "@@ODD@NAME",
    23: "  PADDED  ", 28: "O'NEILL", 33: "A\\NB", 38: "PADDED@@@@@", 43: "UNKNOWN",
}  # fmt: skip


def _fleet() -> list[Ship]:
    fleet: list[Ship] = []
    for country, count in _COUNTRIES:
        for _ in range(count):
            number = len(fleet)
            mmsi = f"{country}{(number * 137_731 + 40_210) % 1_000_000:06}"
            if number % 10 in {4, 7, 9}:  # never says anything about itself
                fleet.append(Ship(mmsi, is_class_b=number % 2 == 1))
                continue
            bird = _BIRDS[number // len(_COLOURS) % len(_BIRDS)]
            fleet.append(
                Ship(
                    mmsi,
                    _ODD_NAMES.get(number, f"{_COLOURS[number % len(_COLOURS)]} {bird}"),
                    _TYPES[number * 7 % len(_TYPES)],
                    is_class_b=number % 5 == 1,
                    imo=0 if number % 3 == 0 else 9_100_000 + number * 7_001,
                    call_sign=f"W{'ABCDEFGH'[number % 8]}{number:03}",
                    length=12 + number * 5,
                    width=4 + number // 2,
                    draught=1.5 + number % 11,
                    destination=["", "NEW YORK", "ROUTE A, B", 'PORT "X"', "DKCPH"][number % 5],
                )
            )
    return fleet


FLEET = _fleet()
# One more ship under an MMSI that another one has: far away, of another type and name.
TWIN = Ship(FLEET[0].mmsi, "STRAY TWIN", 60, imo=9_700_001, call_sign="TW1N", length=200, width=30)
# Reports one position at the start, which arrives 906 seconds late.
LAGGARD = replace(FLEET[1], mmsi="367999906", name="LAGGARD")
# Says its name and type only in the last minutes.
LATE_NAMER = replace(FLEET[2], mmsi="367999001", name="LATE NAMER", type_code=70, is_class_b=False)

# Stations that are no ships, as their MMSIs tell.
STATIONS = {
    "coast station": "003669999",
    "group of ships": "036600001",
    "SAR aircraft": "111232506",
    "handheld radio": "831900123",
    "search and rescue transmitter": "970012345",
    "man overboard beacon": "972012345",
    "emergency beacon": "974012345",
    "craft of a parent ship": "983380001",
    "aid to navigation": "992351029",
    "all nines": "999999999",
    "all zeros": "000000000",
}
SHORT_MMSI, LONG_MMSI = "12345678", "1072211352"

# --- Their reports -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """One position report. A value of None is not available.

    Attributes:
        at: second of the recording at which the ship sent it.
        arrived: second at which it reached the recording; orders the lines.

    """

    ship: Ship
    at: int
    arrived: float
    latitude: float | None
    longitude: float | None
    speed: float | None
    course: float | None
    heading: int | None
    status: int = 0
    tells_static: bool = True


def _track(ship: Ship, chance: random.Random, seconds: int, every: float) -> Iterator[Report]:
    """Sail a ship along a line, with reports that are late by seconds and sometimes minutes."""
    latitude, longitude = 29 + 19 * chance.random(), -92 + 40 * chance.random()
    course, knots = round(360 * chance.random(), 1) % 360, round(24 * chance.random() ** 2, 1)
    at = every * chance.random()
    while at < seconds:
        moved = knots * at / 3600 / 60
        draw = chance.random()
        late = 8 * chance.random()
        late += 50 * chance.random() if draw > 0.7 else 0
        late += 500 * chance.random() if draw > 0.97 else 0
        yield Report(
            ship,
            int(at),
            at + late,
            round(latitude + moved * math.cos(math.radians(course)), 5),
            round(longitude + moved * math.sin(math.radians(course)), 5),
            knots,
            course,
            int(course) if chance.random() > 0.4 else None,
            status=0 if knots > 0.5 else 5,
            tells_static=bool(ship.name),
        )
        at += every * (0.7 + 0.6 * chance.random())


def _reports(seed: int, seconds: int, every: float) -> list[Report]:
    """Give the reports of all ships in the order of their arrival, pitfalls included."""
    chance = random.Random(seed)  # noqa: S311 - for invented ships
    reports = [one for ship in FLEET for one in _track(ship, chance, seconds, every)]
    reports += [
        replace(one, tells_static=one.at > seconds * 0.8)
        for one in _track(LATE_NAMER, chance, seconds, every / 2)
    ]
    # The twin reports at the same seconds as the ship whose MMSI it shares, half as often.
    mates = [one for one in reports if one.ship is FLEET[0]]
    reports += [
        replace(
            one, ship=TWIN, arrived=one.arrived + 1, latitude=12.5, longitude=-70.25, speed=14.2
        )
        for one in mates[::2]
    ]
    reports.sort(key=lambda one: one.arrived)
    # Values that are not available, and values at the limits.
    unknown: list[dict[str, float | None]] = [
        {"speed": None}, {"course": None}, {"speed": 102.2}, {"speed": 0.0}, {"speed": 50.0},
        {"latitude": None, "longitude": None}, {"heading": None}, {"speed": 49.9},
        {"course": 359.9}, {"speed": None, "course": None, "heading": None},
    ]  # fmt: skip
    for number, change in enumerate(unknown * 2):
        reports[9 + 11 * number] = replace(reports[9 + 11 * number], **change)  # type: ignore[arg-type]
    return reports


def _late(start: int, seconds: int) -> tuple[Report, Report]:
    """Give two reports that follow each other, the second of them older by so many seconds."""
    newer = Report(
        LAGGARD,
        start + seconds,
        start + seconds + 4,
        29.5,
        -90.5,
        6.5,
        10.0,
        None,
        tells_static=True,
    )
    return newer, replace(newer, at=start, latitude=29.4)


# --- MarineCadastre CSV --------------------------------------------------------------------------

_OLD_HEADER = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,"
    "Width,Draft,Cargo,TransceiverClass"
)
_NEW_HEADER = (
    "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,vessel_type,"
    "status,length,width,draft,cargo,transceiver"
)
OLD_START = datetime(2022, 5, 17, tzinfo=UTC)
NEW_START = datetime(2025, 2, 9, tzinfo=UTC)


def marinecadastre(start: datetime, *, seed: int, is_new: bool) -> bytes:
    """Write 25 minutes of MarineCadastre CSV, in the form of 2025 or the one before."""
    mark = "%Y-%m-%d %H:%M:%S" if is_new else "%Y-%m-%dT%H:%M:%S"

    def cells(one: Report) -> list[str]:
        return _marinecadastre_cells(one, f"{start + timedelta(seconds=one.at):{mark}}", is_new)

    reports = _reports(seed, 25 * 60, 150)
    # Each piece of the file: when it arrived, and the text of its line.
    pieces = [(one.arrived, _csv_line(cells(one))) for one in reports]
    # Text in the place of values, by column of the old form.
    variants = [
        {"SOG": "102.3"}, {"SOG": "-28.1"}, {"SOG": ""}, {"SOG": "\\N"}, {"COG": "360.0"},
        {"COG": ""}, {"Heading": "511.0"}, {"LAT": "91.0", "LON": "0.0"},
        {"LAT": "91.0", "LON": "181.0"}, {"LAT": "-95.2"}, {"LON": "200.5"}, {"LAT": ""},
        {"VesselName": "Unknown"}, {"VesselName": "Undefined"}, {"VesselName": "\\N"},
        {"VesselName": "@@@@@"}, {"IMO": "IMO0000000"}, {"IMO": "Unknown"},
        {"VesselType": "Unknown"}, {"SOG": "fast"}, {"VesselName": "SJØBJØRN"},
        {"VesselName": "TAIL@@@"},
    ]  # fmt: skip
    for number, change in enumerate(variants):
        one = reports[5 + 17 * number]
        in_old_order = _swapped(cells(one)) if is_new else cells(one)
        line = dict(zip(_OLD_HEADER.split(","), in_old_order, strict=True)) | change
        values = list(line.values())
        pieces[5 + 17 * number] = (one.arrived, _csv_line(_swapped(values) if is_new else values))
    # Codes of the older files, 1001 to 1025; one beyond them, and the one for "not available".
    for number, code in enumerate((1004, 1024, 1025, 1012, 1019, 1001, 1099, 0)):
        ship = replace(FLEET[4], mmsi=f"36712{number:04}", name=f"OLD CODE {code}", type_code=code)
        track = _track(ship, random.Random(seed + number), 1500, 400)  # noqa: S311
        pieces += [(one.arrived, _csv_line(cells(one))) for one in track]
    # Stations that are no ships.
    for number, mmsi in enumerate([*STATIONS.values(), SHORT_MMSI, LONG_MMSI] * 2):
        one = replace(reports[number * 5], ship=Ship(mmsi))
        pieces.append((one.arrived, _csv_line(cells(one))))
    # Three other valid forms of the time, and two invalid times.
    forms = [
        "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.250", "%Y-%m-%dT%H:%M:%S+00:00",
        "%d/%m/%Y %H:%M:%S", "2022-02-30T%H:%M:%S",
    ]  # fmt: skip
    for number, form in enumerate(forms):
        one = reports[100 + 31 * number]
        time = f"{start + timedelta(seconds=one.at + 1):{form}}"
        pieces.append((one.arrived + 1, _csv_line(_marinecadastre_cells(one, time, is_new))))
    # Exact duplicates: a line twice, thrice, nine times.
    for number, times in ((20, 2), (40, 2), (61, 3), (83, 9), (120, 2), (121, 2), (200, 3)):
        pieces += [pieces[number]] * (times - 1)
    # Broken lines: two run into one, cut off, a quote that never ends, nothing.
    whole = _csv_line(cells(reports[50]))
    for number, text in enumerate((whole + _csv_line(cells(reports[51])), whole[:40], "", "  ")):
        pieces.append((300.5 + number, text))
    broken = cells(replace(reports[52], ship=LAGGARD))
    broken[7] = '"NO END'
    pieces.append((310.5, ",".join(broken)))
    newer, older = _late(20, 906)
    pieces.append((newer.arrived, f"{_csv_line(cells(newer))}\n{_csv_line(cells(older))}"))
    # Misdated: of the first minutes, stamped as the last minutes of the same day.
    for number in range(7):
        one = replace(reports[number * 2], at=24 * 3600 - 660 + 93 * number)
        pieces.append((6.0 + number * 3, _csv_line(cells(one))))

    pieces.sort(key=lambda piece: piece[0])
    header = _NEW_HEADER if is_new else _OLD_HEADER
    text = "\n".join([header, *(line for _, line in pieces)]) + "\n"
    # One name in another encoding.
    return text.encode().replace("SJØBJØRN".encode(), b"SJ\xd8BJ\xd8RN", 1)


def _swapped(cells: list[str]) -> list[str]:
    """Exchange latitude and longitude, whose order differs between the two forms."""
    return [*cells[:2], cells[3], cells[2], *cells[4:]]


def _marinecadastre_cells(one: Report, time: str, is_new: bool) -> list[str]:
    ship = one.ship if one.tells_static else Ship(one.ship.mmsi, is_class_b=one.ship.is_class_b)
    cells = [
        ship.mmsi,
        time,
        _number(one.latitude, "91.0"),
        _number(one.longitude, "181.0"),
        _number(one.speed, "102.3"),
        _number(one.course, "360.0"),
        str(511 if one.heading is None else one.heading),
        ship.name,
        f"IMO{ship.imo}" if ship.imo else "",
        ship.call_sign,
        "" if ship.type_code is None else str(ship.type_code),
        "" if ship.is_class_b else str(one.status),
        str(ship.length or ""),
        str(ship.width or ""),
        str(ship.draught or ""),
        "" if ship.type_code is None else str(ship.type_code),
        "B" if ship.is_class_b else "A",
    ]
    return _swapped(cells) if is_new else cells


def _number(value: float | None, unknown: str) -> str:
    return unknown if value is None else str(value)


def _csv_line(cells: list[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


# --- Danish Maritime Authority CSV ---------------------------------------------------------------

_DANISH_HEADER = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,"
    "IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,"
    "Destination,ETA,Data source type,A,B,C,D"
)
_DANISH_STATUS = {0: "Under way using engine", 5: "Moored"}
_DANISH_TYPES = {
    30: "Fishing", 31: "Towing", 33: "Dredging", 34: "Diving", 35: "Military", 36: "Sailing",
    37: "Pleasure", 40: "HSC", 47: "HSC", 50: "Pilot", 51: "SAR", 52: "Tug", 53: "Port tender",
    54: "Anti-pollution", 55: "Law enforcement", 57: "Spare 2", 58: "Medical", 20: "WIG",
    60: "Passenger", 69: "Passenger", 70: "Cargo", 71: "Cargo", 74: "Cargo", 80: "Tanker",
    89: "Tanker", 90: "Other", 99: "Other", 200: "Reserved",
}  # fmt: skip
_DANISH_MOBILES = {
    "00": "Base Station", "11": "SAR Airborne", "97": "Search and Rescue Transponder", "99": "AtoN"
}  # fmt: skip
# The third of April: written with the day first, it can be taken for the fourth of March.
DANISH_START = datetime(2024, 4, 3, tzinfo=UTC)


def danish() -> bytes:
    """Write 16 minutes of the daily CSV of the Danish Maritime Authority."""
    reports = [replace(one, longitude=None if one.longitude is None else one.longitude + 80)
               for one in _reports(3, 16 * 60, 150)]  # fmt: skip
    pieces = [(one.arrived, _danish_line(one)) for one in reports]
    for number, mmsi in enumerate([*STATIONS.values(), SHORT_MMSI, LONG_MMSI]):
        name = 'LIGHT "NO 7", EAST' if mmsi.startswith("99") else ""
        one = replace(reports[number * 3], ship=Ship(mmsi, name), tells_static=True)
        pieces.append((one.arrived, _danish_line(one)))
    # Changes of single cells, by column number.
    for number, change in enumerate(
        (
            {3: "91.0", 4: "0.0"}, {3: "91.0", 4: "181.0"}, {7: "102.3"}, {7: "-28.1"}, {7: ""},
            {8: "360.0"}, {9: "511"}, {10: "Unknown"}, {11: "\\N"}, {12: "@@@@@@"}, {12: "TAIL@@"},
            {13: "Undefined"}, {13: "Not party to conflict"}, {19: "Unknown"},
            {20: "31/12/2024 24:60:00"}, {12: "SJØBJØRN"}, {6: "-128"}, {7: "102.2"},
            {10: "IMO0000000"},
        )
    ):  # fmt: skip
        place = 4 + 11 * number
        cells = next(csv.reader([pieces[place][1]]))
        for column, text in change.items():
            cells[column] = text
        pieces[place] = (pieces[place][0], _csv_line(cells))
    # Several stations hear a report: every third line comes twice, and some lines more often.
    pieces += pieces[::3]
    for number, times in ((31, 9), (44, 5), (75, 7)):
        pieces += [pieces[number]] * (times - 1 - (number % 3 == 0))
    whole = _danish_line(reports[30])
    pieces += [(100.5, whole + whole), (200.5, whole[:60]), (300.5, ""), (301.5, whole + ",,")]
    newer, older = _late(20, 906)
    pieces.append((newer.arrived, f"{_danish_line(newer)}\r\n{_danish_line(older)}"))
    for number in range(3):  # misdated: stamped at the end of the day
        one = replace(reports[number], at=24 * 3600 - 60 + number * 7)
        pieces.append((5.0 + number, _danish_line(one)))
    pieces.sort(key=lambda piece: piece[0])
    return ("\r\n".join([_DANISH_HEADER, *(line for _, line in pieces)]) + "\r\n").encode()


def _danish_line(one: Report) -> str:
    ship = one.ship if one.tells_static else Ship(one.ship.mmsi, is_class_b=one.ship.is_class_b)
    mobile = _DANISH_MOBILES.get(ship.mmsi[:2], "Class B" if ship.is_class_b else "Class A")
    is_known = one.latitude is not None
    half = ship.length // 2
    beam = ship.width // 2
    eta = DANISH_START + timedelta(days=1, hours=ship.length % 24)
    return _csv_line(
        [
            f"{DANISH_START + timedelta(seconds=one.at):%d/%m/%Y %H:%M:%S}",
            mobile,
            str(int(ship.mmsi)),  # as a number: the zeros of coast stations and groups are lost
            f"{one.latitude:.6f}".rstrip("0") if is_known else "91.0",
            f"{one.longitude:.6f}".rstrip("0") if is_known else "0.0",
            _DANISH_STATUS[one.status] if mobile == "Class A" and is_known else "Unknown value",
            "0.0" if mobile == "Class A" and is_known else "",
            _number(one.speed, ""),
            _number(one.course, ""),
            _number(one.heading, ""),
            str(ship.imo or "Unknown"),
            ship.call_sign or "Unknown",
            ship.name,
            _DANISH_TYPES.get(ship.type_code or 0, "Undefined"),
            "No additional information" if (ship.type_code or 0) in {71, 74, 89} else "",
            f"{ship.width:.1f}" if ship.width else "",
            f"{ship.length:.1f}" if ship.length else "",
            "GPS" if ship.length else "Undefined",
            str(ship.draught or ""),
            ship.destination or "Unknown",
            f"{eta:%d/%m/%Y %H:%M:%S}" if ship.destination else "",
            "AIS",
            *(f"{side}.0" if side else "" for side in (half, ship.length - half)),
            *(f"{side}.0" if side else "" for side in (beam, ship.width - beam)),
        ]
    )


# --- Raw NMEA ------------------------------------------------------------------------------------

TAGGED_START = datetime(2019, 8, 7, 23, 50, tzinfo=UTC)
PGHP_START = datetime(2013, 11, 12, 12, tzinfo=UTC)

Fields = list[tuple[int, int]]  # (value, number of bits) each


def _payload(fields: Fields) -> tuple[str, int]:
    """Encode fields as six-bit characters; return them and the number of bits filled up."""
    bits = "".join(f"{value & (1 << width) - 1:0{width}b}" for value, width in fields)
    fill = -len(bits) % 6
    bits += "0" * fill
    values = [int(bits[at : at + 6], 2) for at in range(0, len(bits), 6)]
    return "".join(chr(value + (48 if value < 40 else 56)) for value in values), fill


def _text(text: str, characters: int) -> Fields:
    """Encode six-bit text, filled up with `@`."""
    padded = text.upper()[:characters].ljust(characters, "@")
    return [(ord(character) % 64, 6) for character in padded]


def _place(one: Report) -> Fields:
    latitude = 91.0 if one.latitude is None else one.latitude
    longitude = 181.0 if one.longitude is None else one.longitude
    return [(round(longitude * 600_000), 28), (round(latitude * 600_000), 27)]


def _speed(one: Report) -> tuple[int, int]:
    return (1023 if one.speed is None else round(one.speed * 10), 10)


def _course(one: Report) -> tuple[int, int]:
    return (3600 if one.course is None else round(one.course * 10), 12)


def _sides(ship: Ship) -> Fields:
    half, beam = ship.length // 2, ship.width // 2
    return [(half, 9), (ship.length - half, 9), (beam, 6), (ship.width - beam, 6)]


def _type_byte(ship: Ship) -> int:
    return ship.type_code or 0


def position(one: Report, second: int, kind: int = 1) -> Fields:
    """Message 1, 2 or 3 of a class A ship, 18 of a class B one."""
    head = [(kind, 6), (0, 2), (int(one.ship.mmsi), 30)]
    heading = (511 if one.heading is None else one.heading, 9)
    if kind == 18:
        return [
            *head, (0, 8), _speed(one), (1, 1), *_place(one), _course(one), heading, (second, 6),
            (0, 2), (1, 1), (0, 1), (1, 1), (1, 1), (1, 1), (0, 1), (0, 1), (917_510, 20),
        ]  # fmt: skip
    return [
        *head, (one.status, 4), (-128 if one.heading is None else 0, 8), _speed(one), (1, 1),
        *_place(one), _course(one), heading, (second, 6), (0, 2), (0, 3), (0, 1), (49_205, 19),
    ]  # fmt: skip


def base_station(mmsi: int, at: datetime, one: Report) -> Fields:
    """Message 4."""
    return [
        (4, 6), (0, 2), (mmsi, 30), (at.year, 14), (at.month, 4), (at.day, 5), (at.hour, 5),
        (at.minute, 6), (at.second, 6), (1, 1), *_place(one), (7, 4), (0, 10), (0, 1), (0, 19),
    ]  # fmt: skip


def static_a(ship: Ship) -> Fields:
    """Message 5: 424 bits, too long for one sentence."""
    return [
        (5, 6), (0, 2), (int(ship.mmsi), 30), (0, 2), (ship.imo, 30), *_text(ship.call_sign, 7),
        *_text(ship.name, 20), (_type_byte(ship), 8), *_sides(ship), (1, 4), (4, 4), (3, 5),
        (18, 5), (30, 6), (round(ship.draught * 10), 8), *_text(ship.destination, 20), (0, 1),
        (0, 1),
    ]  # fmt: skip


def aircraft(mmsi: int, one: Report, second: int) -> Fields:
    """Message 9: speed in whole knots."""
    return [
        (9, 6), (0, 2), (mmsi, 30), (304, 12), (120, 10), (1, 1), *_place(one), _course(one),
        (second, 6), (0, 8), (0, 1), (0, 3), (0, 1), (0, 1), (0, 20),
    ]  # fmt: skip


def safety_text(mmsi: int, text: str) -> Fields:
    """Message 14."""
    return [(14, 6), (0, 2), (mmsi, 30), (0, 2), *_text(text, len(text))]


def extended_b(one: Report, second: int) -> Fields:
    """Message 19: position, name and type of a class B ship in one."""
    ship = one.ship
    return [
        (19, 6), (0, 2), (int(ship.mmsi), 30), (0, 8), _speed(one), (1, 1), *_place(one),
        _course(one), (511, 9), (second, 6), (0, 4), *_text(ship.name, 20), (_type_byte(ship), 8),
        *_sides(ship), (1, 4), (0, 1), (0, 1), (0, 1), (0, 4),
    ]  # fmt: skip


def aid(mmsi: int, name: str, one: Report, second: int) -> Fields:
    """Message 21."""
    return [
        (21, 6), (0, 2), (mmsi, 30), (5, 5), *_text(name, 20), (1, 1), *_place(one), (0, 30),
        (7, 4), (second, 6), (0, 1), (0, 8), (0, 1), (0, 1), (0, 1), (0, 1),
    ]  # fmt: skip


def static_b(ship: Ship) -> tuple[Fields, Fields]:
    """Message 24, part A with the name and part B with the type."""
    head = [(24, 6), (0, 2), (int(ship.mmsi), 30)]
    return (
        [*head, (0, 2), *_text(ship.name, 20), (0, 8)],
        [*head, (1, 2), (_type_byte(ship), 8), *_text("SRT", 3), (0, 24), *_text(ship.call_sign, 7),
         *_sides(ship), (0, 6)],
    )  # fmt: skip


def long_range(one: Report) -> Fields:
    """Message 27: minutes to one decimal place, whole knots, whole degrees."""
    latitude = 91.0 if one.latitude is None else one.latitude
    longitude = 181.0 if one.longitude is None else one.longitude
    return [
        (27, 6), (0, 2), (int(one.ship.mmsi), 30), (0, 1), (0, 1), (one.status, 4),
        (round(longitude * 600), 18), (round(latitude * 600), 17),
        (63 if one.speed is None else min(round(one.speed), 62), 6),
        (511 if one.course is None else int(one.course), 9), (0, 1), (0, 1),
    ]  # fmt: skip


def checksum(text: str) -> int:
    """XOR of the characters, as NMEA 0183 asks."""
    value = 0
    for character in text:
        value ^= ord(character)
    return value


def sentences(fields: Fields, channel: str, talker: str, sequence: int) -> list[str]:
    """Wrap a message into one sentence, or into two with up to 60 characters of payload each."""
    payload, fill = _payload(fields)
    parts = [payload[at : at + 60] for at in range(0, len(payload), 60)]
    made = []
    for number, part in enumerate(parts, 1):
        mark = sequence if len(parts) > 1 else ""
        fill_here = fill if number == len(parts) else 0
        body = f"{talker},{len(parts)},{number},{mark},{channel},{part},{fill_here}"
        made.append(f"!{body}*{checksum(body):02X}")
    return made


def tagged(content: str) -> str:
    """Wrap a tag block."""
    return f"\\{content}*{checksum(content):02X}\\"


@dataclass(frozen=True)
class Heard:
    """A message as one station heard it."""

    arrived: float
    at: int
    sentences: tuple[str, ...]


def _heard(seed: int, seconds: int, every: float, start: datetime) -> list[Heard]:
    """Give the messages of all stations in the order of their arrival."""
    reports = [*_reports(seed, seconds, every), *_late(20, 906)]
    heard: list[Heard] = []
    said: set[str] = set()

    def hear(one: Report, fields: Fields, after: float = 0.0) -> None:
        channel, talker = "AB"[len(heard) % 2], ("!AIVDM", "!BSVDM", "!ABVDM")[len(heard) % 3][1:]
        made = sentences(fields, channel, talker, len(heard) % 10)
        heard.append(Heard(one.arrived + after, one.at, tuple(made)))

    for number, one in enumerate(reports):
        second = (start + timedelta(seconds=one.at)).second
        kind = 18 if one.ship.is_class_b else 1 if number % 4 else 3
        if number % 41 == 40:
            hear(one, long_range(one))
        elif one.ship.is_class_b and one.ship.name and number % 9 == 0:
            hear(one, extended_b(one, second))
            said.add(one.ship.name)
        else:
            # A clock that is not known is sent as second 60.
            hear(one, position(one, 60 if number % 50 == 0 else second, kind))
        # Static data come a while after the first position, or never.
        if one.tells_static and one.ship.name not in said and number > len(reports) // 5:
            said.add(one.ship.name)
            for fields in static_b(one.ship) if one.ship.is_class_b else (static_a(one.ship),):
                hear(one, fields, 0.2)
    numbers = {kind: int(mmsi) for kind, mmsi in STATIONS.items()}
    for number, one in enumerate(reports[30:330:30]):
        at = start + timedelta(seconds=one.at)
        hear(one, base_station(numbers["coast station"], at, one))
        hear(one, aid(numbers["aid to navigation"], 'BUOY "7"', one, at.second))
        hear(one, aircraft(numbers["SAR aircraft"], one, at.second))
        beacon = ("search and rescue transmitter", "man overboard beacon", "emergency beacon")[
            number % 3
        ]
        hear(one, safety_text(numbers[beacon], "SART ACTIVE"))
        for mmsi in [*STATIONS.values(), SHORT_MMSI, LONG_MMSI][number::7]:
            hear(one, position(replace(one, ship=Ship(mmsi)), at.second))
    heard.sort(key=lambda one: one.arrived)
    return heard


def _broken(heard: list[Heard], wrap: Callable[[str], str]) -> list[str]:
    """Make lines that a reader must reject or repair; `wrap` adds what precedes a sentence."""
    single = [one.sentences[0] for one in heard if len(one.sentences) == 1]
    first, second = next(one.sentences for one in heard if len(one.sentences) > 1)
    bad = f"{single[3][:-2]}{int(single[3][-2:], 16) ^ 0x15:02X}"
    changed = single[7].replace(",0*", "0,0*")
    body = "AIVDM,1,1,,A,xyz{|~X[],0"
    return [
        wrap(bad),  # a wrong checksum
        wrap(changed),  # a changed payload under the old checksum
        wrap(single[4] + single[5]),  # merged: two sentences on a line
        wrap(single[8][:20] + single[9]),  # merged: one begins before the other has ended
        wrap(single[6][:24]),  # cut off
        wrap(single[6][:-3]),  # without checksum
        wrap(single[10][12:]),  # without beginning
        wrap(f"!AIVDM,1,1,,A,,0*{checksum('AIVDM,1,1,,A,,0'):02X}"),  # an empty payload
        wrap(f"!{body}*{checksum(body):02X}"),  # characters that are not of the six-bit code
        wrap(_renumbered(first, 8)),  # a first part alone
        wrap(_renumbered(second, 9)),  # a second part alone
        "",
        "garbage that is no sentence at all",
    ]


def _renumbered(sentence: str, sequence: int) -> str:
    fields = sentence[1:].partition("*")[0].split(",")
    fields[3] = str(sequence)
    body = ",".join(fields)
    return f"!{body}*{checksum(body):02X}"


def _spread(lines: list[str], extra: list[str]) -> list[str]:
    """Put the extra lines among the others, at even distances."""
    spread = list(lines)
    for number, line in enumerate(extra):
        spread.insert((number + 1) * len(lines) // (len(extra) + 1) + number, line)
    return spread


def nmea_with_tag_blocks() -> bytes:
    """Write 16 minutes of NMEA whose time stands in tag blocks, across midnight."""
    epoch = int(TAGGED_START.timestamp())
    heard = _heard(4, 16 * 60, 200, TAGGED_START)
    lines: list[str] = []
    for number, one in enumerate(heard):
        at = epoch + one.at
        if number in {3, 8, 13}:  # misdated: stamped at the end of the next day
            at = epoch + 24 * 3600 - 120 + number
        time = f"c:{at}000" if number == 25 else f"c:{at}"
        if len(one.sentences) == 1:
            station = "" if number % 3 else f"s:25731{number % 20:02},"
            lines.append(tagged(station + time) + one.sentences[0])
            for times, place in ((9, 50), (3, 60), (2, 70)):
                lines += [lines[-1]] * (times - 1 if number == place else 0)
            # Other stations hear the same message, at the same second and later.
            if number % 11 == 0:
                lines += [
                    tagged(f"s:25732{late:02},c:{at + late}") + one.sentences[0] for late in (0, 1)
                ]
            continue
        parts = [
            tagged(
                f"g:{place}-2-{number},{time}"
                if place == 1 or number % 2
                else f"g:{place}-2-{number}"
            )
            + sentence
            for place, sentence in enumerate(one.sentences, 1)
        ]
        if number % 7 == 4:  # the parts in the wrong order
            parts.reverse()
        if number % 5 == 0 and lines:  # the line before comes between them
            parts.insert(1, lines.pop())
        lines += parts
    single = [one.sentences[0] for one in heard if len(one.sentences) == 1]
    block = tagged(f"c:{epoch + 400}")
    broken = [
        *_broken(heard, lambda sentence: block + sentence),
        f"\\c:{epoch + 401}*00\\{single[20]}",  # the checksum of the tag block is wrong
        f"\\c:{epoch + 402}{single[21]}",  # the tag block never ends
        tagged("s:2573100") + single[22],  # the tag block names no time
        single[23],  # no tag block
        block,  # nothing after it
    ]
    return ("\n".join(_spread(lines, broken)) + "\n").encode()


def nmea_with_time_lines() -> bytes:
    """Write 16 minutes of NMEA whose time stands in a $PGHP line before each message."""
    heard = _heard(5, 16 * 60, 200, PGHP_START)
    lines: list[str] = []
    for number, one in enumerate(heard):
        at = PGHP_START + timedelta(seconds=one.at, milliseconds=one.at % 6 * 137)
        if number in {3, 8, 13}:  # misdated: stamped at the end of the day
            at = PGHP_START + timedelta(hours=11, minutes=58, seconds=number)
        piece = [tagged("si:AISD"), _time_line(at, 2190060 + number % 15, one.sentences)]
        piece += one.sentences
        again = {50: 9, 60: 3, 70: 2}.get(number, 1)
        lines += piece * again
        if number % 11 == 0 and one.at < 900:  # another station hears it a moment later
            later = at + timedelta(milliseconds=400)
            lines += [piece[0], _time_line(later, 2190080, one.sentences), *one.sentences]
        if number % 60 == 0:  # a status line of the network, with CR LF
            body = f"PSTT,30A,{at:%Y%m%d,%H%M%S}"
            lines.append(f"${body}*{checksum(body):02X}\r")
        if number % 45 == 0:  # an own station reports itself, without a time line
            own = _payload(base_station(2190000 + number, at, _late(20, 60)[0]))
            body = f"BSVDO,1,1,,A,{own[0]},{own[1]}"
            lines.append(f"!{body}*{checksum(body):02X}")
    single = [one.sentences for one in heard if len(one.sentences) == 1]
    at = PGHP_START + timedelta(seconds=480)
    block = tagged("si:AISD")
    time = _time_line(at, 2190067, single[20])
    broken = [
        "\n".join([block, _time_line(at, 2190067, (line,)), line]) for line in _broken(heard, str)
    ]
    broken += [
        "\n".join(
            [block, f"{time[:-2]}{int(time[-2:], 16) ^ 0x15:02X}", *single[20]]
        ),  # bad checksum
        "\n".join([block, time[:30], *single[21]]),  # the time line is cut off
        "\n".join([block, *single[22]]),  # the time line is missing
        "\n".join([block, _time_line(at, 2190067, single[23])]),  # nothing after it
        "\n".join([block, time.replace(",2013,11,12,", ",2013,13,32,"), *single[20]]),  # no date
    ]
    # The broken pieces go between messages, never into one.
    groups: list[str] = []
    for line in lines:
        if line.startswith("\\") or not groups:
            groups.append(line)
        else:
            groups[-1] += "\n" + line
    return ("\n".join(_spread(groups, broken)) + "\n").encode()


def _time_line(at: datetime, station: int, parts: tuple[str, ...]) -> str:
    """Write the $PGHP line; it ends with the checksums of the message's sentences, combined."""
    combined = 0
    for part in parts:
        combined ^= int(part[-2:], 16) if part[-3:-2] == "*" else 0
    clock = (
        f"{at.year},{at.month},{at.day},{at.hour},{at.minute},{at.second},{at.microsecond // 1000}"
    )
    body = f"PGHP,1,{clock},219,,{station},1,{combined:02X}"
    return f"${body}*{checksum(body):02X}"


def recordings() -> dict[str, bytes]:
    """Give the content of every recording, by the name of its file."""
    return {
        "marinecadastre_2022.csv": marinecadastre(OLD_START, seed=1, is_new=False),
        "marinecadastre_2025.csv": marinecadastre(NEW_START, seed=2, is_new=True),
        "danish_2024.csv": danish(),
        "nmea_tag_blocks.nm4": nmea_with_tag_blocks(),
        "nmea_time_lines.txt": nmea_with_time_lines(),
    }


def main() -> None:
    """Write the files beside this script."""
    for name, content in recordings().items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
