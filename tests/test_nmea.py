"""Lines of NMEA and JSON are read exactly as they were sent, and every one of them is counted."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data import make_recordings as make
from tests.support import ais, recordings
from vessel_activity.ais.heard import Heard
from vessel_activity.ais.lines import LONGEST_LINE_BYTES, LineReader
from vessel_activity.ais.messages import Row, Tally, row_text

if TYPE_CHECKING:
    from collections.abc import Sequence

MMSI = 257_123_456
AT = datetime(2026, 5, 4, 12, 30, 15, tzinfo=UTC)
ARRIVED = AT.timestamp()


def read(*lines: bytes, arrived: float = ARRIVED) -> Tally:
    tally = Tally()
    reader = LineReader(tally)
    for line in lines:
        reader.feed(line + b"\n", arrived)
    reader.finish()
    assert_adds_up(tally)
    return tally


def assert_adds_up(tally: Tally) -> None:
    counted = len(tally.rows) + tally.rejected.total() + tally.ignored.total()
    assert tally.lines == counted + tally.joined + tally.other


def only(*lines: bytes) -> Row:
    (row,) = read(*lines).rows
    assert row.reason is None
    return row


def reasons(*lines: bytes) -> list[str | None]:
    return [row.reason for row in read(*lines).rows]


# --- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [1, 2, 3, 18])
def test_a_position_report_gives_place_speed_and_course_exactly(kind: int) -> None:
    row = only(
        ais.position(kind=kind, latitude=-33.123455, longitude=151.5, speed=20.8, course=0.1)
    )

    assert (row.kind, row.mmsi, row.at) == (kind, MMSI, int(ARRIVED))
    assert (row.latitude, row.longitude) == (-33.123455, 151.5)
    assert (str(row.speed), str(row.course)) == ("20.8", "0.1")
    assert (row.name, row.type_code) == (None, None)


@pytest.mark.parametrize("tenths", [1, 3, 7, 208, 499, 500, 1022, 1023])
def test_a_speed_is_whole_tenths_of_a_knot(tenths: int) -> None:
    sent = None if tenths == 1023 else tenths / 10
    row = only(ais.position(speed=sent))
    assert row_text(1, row).split("\t")[7] == f"{tenths // 10}.{tenths % 10}"


def test_a_long_range_report_gives_whole_knots_and_tenths_of_a_minute() -> None:
    row = only(ais.position(kind=27, latitude=60.5, longitude=-5.25, speed=17, course=270))
    assert row[2:8] == (27, int(ARRIVED), MMSI, 60.5, -5.25, 17)
    assert row.course == 270


def test_a_long_range_report_without_speed_and_course_has_none() -> None:
    row = only(ais.position(kind=27, speed=None, course=None))
    assert row.speed is None
    assert row.course == 511  # no course is 360 or more, as the database knows


def test_what_is_not_available_is_passed_on_as_it_was_sent() -> None:
    row = only(ais.position(latitude=None, longitude=None, speed=None, course=None))
    assert (row.latitude, row.longitude, row.speed, row.course) == (91, 181, 102.3, 360)


def test_an_extended_report_of_class_b_gives_position_name_and_type() -> None:
    one = ais.report(name="SEA EAGLE", type_code=37)
    row = only(*ais.framed(make.extended_b(one, 30)))
    assert (row.kind, row.latitude, row.name, row.type_code) == (19, 60.5, "SEA EAGLE", 37)


@pytest.mark.parametrize(
    ("bits", "name", "code"),
    [(312, "SEA EAGLE", 37), (272, "SEA EAGLE", 37), (266, "SEA EAGLE", None), (260, None, None)],
)
def test_an_extended_report_of_class_b_that_is_cut_off_gives_what_is_whole(
    bits: int, name: str | None, code: int | None
) -> None:
    fields = make.extended_b(ais.report(name="SEA EAGLE", type_code=37), 30)
    kept = [(int(digit), 1) for value, width in fields for digit in f"{value % 2**width:0{width}b}"]
    row = only(*ais.framed(kept[:bits]))
    assert (row.kind, row.latitude, row.speed, row.course) == (19, 60.5, 12.3, 87.6)
    assert (row.name, row.type_code) == (name, code)


def test_static_data_of_class_a_give_name_and_type_but_no_position() -> None:
    row = only(*ais.voyage(MMSI, "  NORDKAPP @@", 60))
    assert (row.kind, row.mmsi, row.name, row.type_code) == (5, MMSI, "NORDKAPP", 60)
    assert row.latitude is row.longitude is None


def test_the_parts_of_a_type_24_give_the_name_and_the_type() -> None:
    a, b = (
        ais.framed(fields)[0]
        for fields in make.static_b(make.Ship(str(MMSI), "GULL", 36, is_class_b=True))
    )
    first, second = read(a, b).rows
    assert (first.kind, first.name, first.type_code) == (24, "GULL", None)
    assert (second.kind, second.name, second.type_code) == (24, None, 36)


def test_a_type_24_of_162_bits_and_a_type_1_of_204_bits_are_read() -> None:
    short = make.static_b(make.Ship(str(MMSI), "GULL", 36))[0][:-1]  # 160 bits, filled up to 162
    long = [*make.position(ais.report(), 30), (0, 36)]
    rows = read(*ais.framed(short), *ais.framed(long)).rows
    assert [(row.kind, row.name, row.speed) for row in rows] == [
        (24, "GULL", None),
        (1, None, 12.3),
    ]


def test_a_base_station_with_the_mmsi_of_a_ship_makes_no_position() -> None:
    tally = read(ais.base_station(MMSI))
    assert tally.rows == []
    assert tally.ignored == {"4": 1}


def test_all_other_messages_are_counted_by_type() -> None:
    buoy = make.aid(992_351_029, "BUOY", ais.report(), 3)
    plane = make.aircraft(111_232_506, ais.report(), 3)
    tally = read(*ais.framed(buoy), *ais.framed(plane), *ais.framed(plane))
    assert tally.ignored == {"21": 1, "9": 2}


# --- lines that can't be read --------------------------------------------------------------------

GOOD = ais.position()
BROKEN = {
    "wrong checksum": [GOOD[:-2] + b"00", GOOD.replace(b",0*", b"0,0*"), GOOD[:-3]],
    "broken sentence": [GOOD[:24], GOOD + GOOD, b"!AIVDM", b"!AIVDM,1,1"],
    "no payload": [ais.with_checksum("AIVDM,1,1,,A,,0")],
    "characters outside the six-bit code": [
        ais.with_checksum("AIVDM,1,1,,A,xyz{|~X[],0"),
        ais.with_checksum("AIVDM,1,1,,A,13mb9U0P00PRk8fT5nw>4?wj2\xff06,0"),
    ],
    "message too short": [ais.with_checksum("AIVDM,1,1,,A,13mb9U0P00PRk8f,0")],
    "not an AIS sentence": [b"garbage", GOOD[12:], b"\xff\xfe\x00", b"$"],
    "tag block without end": [b"\\c:1565218798*53!" + GOOD[1:]],
    "wrong checksum of the tag block": [b"\\c:1565218798*00\\" + GOOD, b"\\c:12\\" + GOOD],
    "line too long": [b"!AIVDM" + b"x" * (LONGEST_LINE_BYTES + 1)],
    "JSON that can't be read": [b"{", b'{"a":', b"[" * 10_000, b'{"mmsi":1,}'],
    "JSON of an unknown form": [b"{}", b"[1,2]", b'{"mmsi":1}', b'{"MessageType":[]}'],
}


@pytest.mark.parametrize(
    ("reason", "line"), [(reason, line) for reason, lines in BROKEN.items() for line in lines]
)
def test_a_broken_line_is_rejected_and_the_next_one_read(reason: str, line: bytes) -> None:
    if reason == "characters outside the six-bit code" and not line.isascii():
        reason = "broken sentence"
    rows = read(line, GOOD).rows
    assert {row.reason for row in rows[:-1]} == {reason}
    assert rows[-1].reason is None
    assert rows[-1].speed == 12.3


def test_lines_without_an_ais_message_are_counted_as_such() -> None:
    others = [b"$GPGGA,1*00", b"# comment", ais.tagged("s:A", b""), b"!AITXT,01,01,91,FREE*6D"]
    tally = read(*others, b"", b"  \r", GOOD)
    assert (tally.lines, tally.other, len(tally.rows)) == (5, 4, 1)


def test_only_some_rejected_lines_of_a_reason_become_rows_and_all_are_counted() -> None:
    tally = Tally(most_rejected=3)
    reader = LineReader(tally)
    for _ in range(10):
        reader.feed(b"garbage\n", ARRIVED)
    assert len(tally.rows) == 3
    assert tally.rejected == {"not an AIS sentence": 7}
    assert_adds_up(tally)


# --- framing -------------------------------------------------------------------------------------


def test_line_ends_and_pieces_of_any_size_do_not_matter() -> None:
    lines = [ais.position(MMSI + number, speed=number / 10) for number in range(40)]
    text = b"".join(line + (b"\r\n" if number % 2 else b"\n") for number, line in enumerate(lines))
    for size in (1, 2, 7, 50, 1000, len(text)):
        tally = Tally()
        reader = LineReader(tally)
        for start in range(0, len(text), size):
            reader.feed(text[start : start + size], ARRIVED)
        assert [row.mmsi for row in tally.rows] == [MMSI + number for number in range(40)]


def test_a_lost_byte_costs_one_line() -> None:
    text = b"\n".join([ais.position(MMSI), ais.position(MMSI + 1), ais.position(MMSI + 2), b""])
    for lost in range(len(text) - 1):
        tally = Tally()
        LineReader(tally).feed(text[:lost] + text[lost + 1 :], ARRIVED)
        good = [row.mmsi for row in tally.rows if row.reason is None]
        assert len(good) >= (1 if text[lost : lost + 1] == b"\n" else 2)
        assert set(good) <= {MMSI, MMSI + 1, MMSI + 2}


def test_a_datagram_may_hold_several_lines_and_end_without_one() -> None:
    tally = Tally()
    LineReader(tally).datagram(GOOD + b"\r\n" + ais.position(MMSI + 1), ARRIVED)
    assert [row.mmsi for row in tally.rows] == [MMSI, MMSI + 1]


def test_an_endless_line_is_rejected_once_and_takes_no_memory() -> None:
    tally = Tally()
    reader = LineReader(tally)
    for _ in range(200):
        reader.feed(b"x" * 10_000, ARRIVED)
    reader.feed(b"rest\n" + GOOD + b"\n", ARRIVED)
    assert [row.reason for row in tally.rows] == ["line too long", None]
    assert max(len(row.raw) for row in tally.rows) <= 200


# --- parts ---------------------------------------------------------------------------------------


def test_parts_come_in_any_order_with_other_lines_between_them() -> None:
    first, second = ais.voyage(MMSI, "NORDKAPP", 60)
    for order in ([first, second], [second, first]):
        lines = [order[0], b"$GPGGA,1*00", GOOD, ais.position(MMSI + 1), order[1]]
        tally = read(*lines)
        assert [row.name for row in tally.rows] == [None, None, "NORDKAPP"]
        assert tally.joined == 1


def test_parts_are_put_together_by_channel_and_sequence_number() -> None:
    messages = {
        (channel, sequence): ais.framed(
            make.static_a(make.Ship(f"{MMSI + sequence}", f"{channel} {sequence}", 70)),
            channel=channel,
            sequence=sequence,
        )
        for channel in "AB"
        for sequence in range(10)
    }
    firsts = [parts[0] for parts in messages.values()]
    seconds = [parts[1] for parts in messages.values()]
    names = {row.name for row in read(*firsts, *reversed(seconds)).rows}
    assert names == {f"{channel} {sequence}" for channel, sequence in messages}


def test_a_part_that_never_gets_its_rest_is_given_up_after_30_seconds() -> None:
    first, second = ais.voyage(MMSI, "NORDKAPP", 60)
    tally = Tally()
    reader = LineReader(tally)
    reader.feed(first + b"\n", ARRIVED)
    reader.expire(ARRIVED + 29)
    assert tally.rows == []
    reader.expire(ARRIVED + 31)
    assert [(row.reason, row.raw) for row in tally.rows] == [
        ("part of a message whose rest never came", first)
    ]
    reader.feed(second + b"\n", ARRIVED + 31)
    assert len(tally.rows) == 1  # the second part now waits for another first one


def test_a_new_message_under_the_same_sequence_number_replaces_an_unfinished_one() -> None:
    old, new = ais.voyage(MMSI, "OLD", 60), ais.voyage(MMSI, "NEW", 60)
    rows = read(old[0], new[0], new[1]).rows
    assert [(row.reason, row.name) for row in rows] == [
        ("part of a message whose rest never came", None),
        (None, "NEW"),
    ]


@pytest.mark.parametrize(
    ("order", "messages"), [("0011", 1), ("1100", 1), ("0101", 2), ("1001", 2)]
)
def test_parts_that_come_twice_are_not_rejected(order: str, messages: int) -> None:
    parts = ais.voyage(MMSI, "TWICE", 60)
    tally = read(*(parts[int(place)] for place in order))
    assert [(row.reason, row.name) for row in tally.rows] == [(None, "TWICE")] * messages
    assert tally.joined == 4 - messages


def test_the_parts_of_two_messages_may_be_the_same_in_part() -> None:
    old, new = ais.voyage(MMSI, "OLD", 60), ais.voyage(MMSI + 1, "NEW", 60)
    assert old[1] == new[1]  # only filling
    rows = read(*old, new[1], new[0]).rows
    assert [(row.mmsi, row.name) for row in rows] == [(MMSI, "OLD"), (MMSI + 1, "NEW")]


def test_parts_without_end_do_not_fill_the_memory() -> None:
    tally = Tally(most_rejected=20)
    reader = LineReader(tally)
    body = "AIVDM,2,1,{},A,53nPnh800000ha@J2218UH60U@4hT6000000000t2PD33t?P00800000000,0"
    for number in range(5000):
        reader.feed(ais.with_checksum(body.format(number)) + b"\n", ARRIVED)
    assert tally.rejected.total() + len(tally.rows) >= 3900
    reader.finish()
    assert_adds_up(tally)


# --- time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "at"),
    [
        (f"c:{int(ARRIVED) - 100}", int(ARRIVED) - 100),
        (f"c:{int(ARRIVED) - 100}750", int(ARRIVED) - 100),  # milliseconds
        (f"s:2573555,c:{int(ARRIVED) - 100}", int(ARRIVED) - 100),
        (f"g:1-2-77,s:A,c:{int(ARRIVED) - 100},n:4", int(ARRIVED) - 100),
        ("s:2573555", int(ARRIVED)),
        ("c:54", int(ARRIVED)),  # the second of a minute is no epoch
        ("c:0", int(ARRIVED)),
        ("c:soon", int(ARRIVED)),
        ("c:-5", int(ARRIVED)),
        ("c:99999999999999999999999", int(ARRIVED)),
    ],
)
def test_the_time_is_that_of_the_tag_block_or_else_of_arrival(content: str, at: int) -> None:
    assert only(ais.tagged(content, GOOD)).at == at


def test_kystverket_adds_the_group_after_the_checksum() -> None:
    parts = ais.voyage(MMSI, "NORDKAPP", 60)
    block = make.tagged(f"c:{int(ARRIVED) - 60}").encode()
    lines = [
        block.replace(b"\\c:", b"\\g:%d-2-9999,c:" % place) + part
        for place, part in enumerate(parts, 1)
    ]
    assert only(*lines).at == int(ARRIVED) - 60


def test_doubled_backslashes_are_read_as_single_ones() -> None:
    line = ais.tagged(f"c:{int(ARRIVED) - 60}", GOOD).replace(b"\\", b"\\\\")
    assert only(line).at == int(ARRIVED) - 60


def test_a_time_line_is_that_of_the_next_message_alone() -> None:
    time = make._time_line(datetime(2013, 11, 12, 12, 0, 5, 219_000, UTC), 2190067, ()).encode()
    parts = ais.voyage(MMSI, "NORDKAPP", 60)
    rows = read(b"\\si:AISD*3F\\", time, *parts, GOOD).rows
    seconds = int(datetime(2013, 11, 12, 12, 0, 5, tzinfo=UTC).timestamp())
    assert [row.at for row in rows] == [seconds, int(ARRIVED)]


def test_the_time_of_a_message_in_parts_is_that_of_the_first_part_that_has_one() -> None:
    first, second = ais.voyage(MMSI, "NORDKAPP", 60)
    stamp = f"c:{int(ARRIVED) - 60}"
    assert only(ais.tagged(f"g:1-2-5,{stamp}", first), ais.tagged("g:2-2-5", second)).at == (
        int(ARRIVED) - 60
    )
    assert only(second, ais.tagged(stamp, first)).at == int(ARRIVED) - 60


@pytest.mark.parametrize(
    ("late", "counts"),
    [(-60, (0, 0)), (-61, (1, 0)), (86_400, (0, 0)), (86_401, (0, 1)), (7168 * 86_400, (0, 1))],
)
def test_a_clock_that_is_wrong_is_counted(late: int, counts: tuple[int, int]) -> None:
    tally = read(ais.tagged(f"c:{int(ARRIVED) - late}", GOOD))
    assert (tally.ahead, tally.behind) == counts
    assert tally.rows[0].at == int(ARRIVED) - late


def times(*arrivals: tuple[float, bytes]) -> list[int | None]:
    """Read lines that arrive at these seconds; return the times of their messages, from there."""
    tally = Tally()
    reader = LineReader(tally)
    for seconds, line in arrivals:
        reader.feed(line + b"\n", ARRIVED + seconds)
    assert_adds_up(tally)
    return [None if row.at is None else row.at - int(ARRIVED) for row in tally.rows]


def test_a_message_that_comes_again_has_the_time_at_which_it_came_first() -> None:
    other = ais.position(second=31)
    assert times((0, GOOD), (0.9, GOOD), (15, GOOD), (16, other), (20, GOOD)) == [0, 0, 0, 16, 0]


def test_a_message_that_comes_again_after_20_seconds_is_a_new_one() -> None:
    assert times((0, GOOD), (21, GOOD), (40, GOOD), (300, GOOD)) == [0, 21, 21, 300]
    assert times((0, GOOD), (15, ais.position(second=31)), (21, GOOD)) == [0, 15, 21]


def test_a_message_that_comes_again_with_a_time_of_its_own_keeps_it() -> None:
    later = ais.timed(datetime.fromtimestamp(ARRIVED + 5, UTC), GOOD)
    assert times((0, GOOD), (6, later)) == [0, 5]


@pytest.mark.parametrize("repeat", [1, 2, 3])
def test_a_message_that_another_station_repeats_has_the_time_at_which_it_came_first(
    repeat: int,
) -> None:
    fields = make.position(ais.report(), 30)
    assert fields[1] == (0, 2)
    again = ais.framed([fields[0], (repeat, 2), *fields[2:]])[0]
    assert again != GOOD
    assert times((0, GOOD), (3, again)) == [0, 0]
    assert times((0, again), (3, GOOD)) == [0, 0]


def test_a_clock_that_is_set_back_makes_no_time_of_the_future() -> None:
    assert times((1000, GOOD), (0, GOOD), (2, GOOD)) == [1000, 0, 0]


def test_the_messages_that_are_known_again_take_no_memory_without_bound() -> None:
    heard = Heard()
    for number in range(300_000):
        assert heard.first(b"%d" % number, ARRIVED) == ARRIVED
    assert heard.first(b"299999", ARRIVED + 9) == ARRIVED
    assert heard.first(b"1", ARRIVED + 9) == ARRIVED + 9  # forgotten
    assert len(heard._new) + len(heard._old) <= 100_000


# --- JSON ----------------------------------------------------------------------------------------


def aisstream(kind: str, body: dict[str, Any], **about: object) -> bytes:
    meta = {
        "MMSI": MMSI,
        "ShipName": "NORDKAPP            ",
        "latitude": 1.0,
        "longitude": 2.0,
        "time_utc": "2026-05-04 12:29:13.233407195 +0000 UTC",
        **about,
    }
    told = {"UserID": MMSI, "Valid": True, **body}
    return json.dumps({"MessageType": kind, "MetaData": meta, "Message": {kind: told}}).encode()


PLACE = {
    "Latitude": 60.123456789,
    "Longitude": 5.5,
    "Sog": 20.80000114,
    "Cog": 87.6,
    "TrueHeading": 511,
}


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("PositionReport", 1),
        ("StandardClassBPositionReport", 18),
        ("LongRangeAisBroadcastMessage", 27),
    ],
)
def test_a_position_of_aisstream_is_read(kind: str, number: int) -> None:
    row = only(aisstream(kind, {**PLACE, "Timestamp": 54}))
    assert row[2:5] == (number, int(ARRIVED) - 62, MMSI)
    assert row[5:9] == (60.123457, 5.5, 20.8, 87.6)


def test_the_number_of_the_message_tells_class_a_reports_apart() -> None:
    assert only(aisstream("PositionReport", {**PLACE, "MessageID": 3})).kind == 3


def test_an_extended_position_of_aisstream_has_name_and_type() -> None:
    row = only(aisstream("ExtendedClassBPositionReport", {**PLACE, "Name": "GULL  ", "Type": 37}))
    assert (row.kind, row.latitude, row.name, row.type_code) == (19, 60.123457, "GULL", 37)


def test_static_data_of_aisstream_are_read() -> None:
    a = {"PartNumber": False, "ReportA": {"Valid": True, "Name": "GULL@@"}}
    b = {"PartNumber": True, "ReportB": {"Valid": True, "ShipType": 36}}
    rows = read(
        aisstream("ShipStaticData", {"Name": "NORDKAPP  ", "Type": 60, "ImoNumber": 1}),
        aisstream("StaticDataReport", {**a, "ReportB": {"Valid": False, "ShipType": 0}}),
        aisstream("StaticDataReport", {**b, "ReportA": {"Valid": False, "Name": ""}}),
    ).rows
    assert [(row.kind, row.name, row.type_code, row.latitude) for row in rows] == [
        (5, "NORDKAPP", 60, None),
        (24, "GULL", None, None),
        (24, None, 36, None),
    ]


def test_other_messages_of_aisstream_are_counted_or_rejected() -> None:
    tally = read(
        aisstream("BaseStationReport", {"MessageID": 4}),
        aisstream("UnknownMessage", {}),
        aisstream("PositionReport", {**PLACE, "Valid": False}),
        json.dumps({"MessageType": "PositionReport", "Message": {}}).encode(),
    )
    assert tally.ignored == {"4": 1, "UnknownMessage": 1}
    assert [row.reason for row in tally.rows] == [
        "marked as not valid by the source",
        "JSON of an unknown form",
    ]


def catcher(**values: object) -> bytes:
    told = {
        "class": "AIS", "device": "AIS-catcher", "rxtime": "20260504122913", "scaled": True,
        "channel": "A", "type": 1, "mmsi": MMSI, "lat": 60.5, "lon": 5.25, "speed": 20.80000114,
        "course": 87.6, "heading": 511,
    }  # fmt: skip
    return json.dumps({**told, **values}).encode()


def test_a_position_of_ais_catcher_is_read() -> None:
    row = only(catcher())
    assert row[2:9] == (1, int(ARRIVED) - 62, MMSI, 60.5, 5.25, 20.8, 87.6)


def test_the_times_of_ais_catcher_are_read() -> None:
    assert only(catcher(rxuxtime=ARRIVED - 30)).at == int(ARRIVED) - 30
    assert only(catcher(toa=ARRIVED - 20, rxtime="")).at == int(ARRIVED) - 20
    assert only(catcher(rxtime="20261399000000")).at == int(ARRIVED)


def test_static_data_and_other_messages_of_ais_catcher_are_read() -> None:
    tally = read(
        catcher(type=5, shipname="NORDKAPP", shiptype=60),
        catcher(type=4),
        catcher(type=24, shiptype=36),
    )
    assert [(row.kind, row.name, row.type_code) for row in tally.rows] == [
        (5, "NORDKAPP", 60),
        (24, None, 36),
    ]
    assert tally.ignored == {"4": 1}


def test_the_sentences_in_a_message_of_ais_catcher_are_exact() -> None:
    row = only(catcher(nmea=[ais.position(speed=20.8).decode()], speed=20.7, lat=1.0))
    assert (row.at, row.speed, row.latitude) == (int(ARRIVED) - 62, 20.8, 60.5)


def test_several_messages_of_ais_catcher_in_one_object_are_read() -> None:
    packed = json.dumps({"protocol": "jsonaiscatcher", "msgs": [json.loads(catcher())] * 3})
    assert len(read(packed.encode()).rows) == 3


@pytest.mark.parametrize("value", [None, "fast", True, [], float("nan"), float("inf"), 10**400])
def test_a_value_that_is_no_number_is_not_available(value: object) -> None:
    row = only(catcher(speed=value, course=value, lat=value))
    assert (row.speed, row.course, row.latitude) == (None, None, None)


@pytest.mark.parametrize("value", [None, "x", -1, 2**31, 1.5, "12345678901", True])
def test_json_without_an_mmsi_is_rejected(value: object) -> None:
    assert reasons(catcher(mmsi=value)) == ["MMSI is not nine digits"]


# --- recordings ----------------------------------------------------------------------------------


def as_read(name: str) -> Tally:
    tally = Tally()
    reader = LineReader(tally)
    text = (recordings.FOLDER / name).read_bytes()
    for start in range(0, len(text), 777):
        reader.feed(text[start : start + 777], ARRIVED)
    reader.finish()
    assert_adds_up(tally)
    assert tally.lines == sum(1 for line in text.split(b"\n") if line.strip())
    return tally


def place(latitude: float, longitude: float | None) -> tuple[float, float]:
    return round(latitude, 5), round(longitude or 0, 5)


@pytest.mark.parametrize("name", ["nmea_tag_blocks.nm4", "nmea_time_lines.txt"])
def test_a_recording_is_read_as_plain_python_reads_it(name: str) -> None:
    found = Counter(
        (row.mmsi, row.at, place(row.latitude, row.longitude), row.speed)
        for row in as_read(name).rows
        if row.reason is None and row.latitude is not None
        and row.at != int(ARRIVED)  # it has no time of its own, so plain Python leaves it out
    )  # fmt: skip
    expected = Counter(
        (one.mmsi, int(one.time.timestamp()), place(one.latitude, one.longitude), one.speed)
        for one in recordings.nmea(name, any_order="tag" in name).reports
        if one.latitude is not None
    )
    assert found == expected
    assert len(expected) > 250


# --- any input -----------------------------------------------------------------------------------

SIX_BITS = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"
KEYS = (
    "type", "mmsi", "lat", "lon", "speed", "nmea", "MessageType", "Message", "MetaData", "msgs",
    "rxtime", "shipname", "shiptype", "course",
)  # fmt: skip
WHOLE = [GOOD, *ais.voyage(MMSI, "NORDKAPP", 60), catcher(), aisstream("PositionReport", PLACE)]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["PositionReport", GOOD.decode(), "1", 1, 5, 24, MMSI]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["PositionReport", "UserID", "Sog"]), inner, max_size=3)
    ),
    max_leaves=5,
)
LINES = st.one_of(
    st.binary(max_size=120),
    st.sampled_from(WHOLE),
    st.builds(
        lambda payload, fill: ais.with_checksum(f"AIVDM,1,1,,A,{payload},{fill}"),
        st.text(SIX_BITS, max_size=80),
        st.integers(0, 6),
    ),
    st.builds(
        lambda count, part, seq, first: ais.with_checksum(
            f"AIVDM,{count},{part},{seq},B,{first},0"
        ),
        st.integers(0, 10),
        st.integers(0, 10),
        st.sampled_from(["", "1", "2"]),
        st.sampled_from(["1", "5", "B", "H", "K", ""]),
    ),
    st.builds(
        lambda value: json.dumps(value).encode(), st.dictionaries(st.sampled_from(KEYS), VALUES)
    ),
    st.builds(ais.tagged, st.text("cgs:0123456789-,*", max_size=20), st.just(GOOD)),
)


def assert_could_be_sent(rows: Sequence[Row]) -> None:
    for row in rows:
        fields = row_text(1, row).split("\t")
        assert len(fields) == 12
        assert "\n" not in row_text(1, row)
        row_text(1, row).encode()
        if row.reason is None:
            assert row.kind in {1, 2, 3, 5, 18, 19, 24, 27}
            assert row.mmsi is not None
            assert 0 <= row.mmsi < 2**31


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=12), st.integers(1, 200))
def test_no_input_ends_the_reader_or_goes_uncounted(lines: list[bytes], size: int) -> None:
    tally = Tally(most_rejected=5)
    reader = LineReader(tally)
    text = b"\n".join(lines)
    for start in range(0, len(text), size):
        reader.feed(text[start : start + size], ARRIVED + start)
    reader.cut(ARRIVED)
    reader.datagram(text, ARRIVED)
    reader.finish()
    assert_adds_up(tally)
    assert_could_be_sent(tally.rows)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_byte_never_makes_another_position(data: st.DataObject) -> None:
    """A checksum of eight bits sees every change of one byte."""
    line = bytearray(ais.tagged(f"c:{int(ARRIVED)}", GOOD))
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] = data.draw(st.integers(0, 255))
    tally = Tally()
    LineReader(tally).feed(bytes(line) + b"\n", ARRIVED)
    right = only(ais.tagged(f"c:{int(ARRIVED)}", GOOD))
    for row in tally.rows:
        assert row.reason is not None or row[2:11] == right[2:11]
