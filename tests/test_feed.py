"""`vessel-activity feed` files what the sources send: exactly, once, and counts all of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from websockets.sync.server import ServerConnection, serve

from tests.conftest import COMMAND
from tests.data import make_recordings
from tests.support import ais
from tests.support.feeding import (
    Feed,
    TcpServer,
    count_of_positions,
    feed_row,
    free_port,
    positions,
    rows_of,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MMSI = 257_123_456


@pytest.fixture
def tcp() -> Iterator[TcpServer]:
    with TcpServer() as one:
        yield one


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def has(url: str, name: str, **expected: Any) -> dict[str, Any]:  # noqa: ANN401
    """Wait until the row of a feed has these values."""
    found: dict[str, Any] = wait_until(
        lambda: (
            (row := feed_row(url, name))
            and all(row.get(key) == value for key, value in expected.items())
            and row
        ),
        f"{name} has {expected}; it has {feed_row(url, name)}",
        30,
    )
    return found


def assert_adds_up(row: dict[str, Any]) -> None:
    assert row["messages"] == (
        row["positions"] + row["duplicates"] + row["statics"] + row["ignored"] + row["rejected"]
    )
    assert row["ignored"] == sum(row["ignored_by_type"].values())
    assert row["rejected"] == sum(row["rejected_by_reason"].values())


# --- sources -------------------------------------------------------------------------------------


def test_several_sources_in_one_process_have_a_row_each(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    port = free_port()
    path = tmp_path / "old.nm4"
    path.write_bytes(ais.position(MMSI + 2) + b"\n")
    sources = [
        f"tcp://{tcp.address}?name=coast",
        f"udp://127.0.0.1:{port}?name=own receiver",
        f"file:{path}",
    ]
    with Feed(url, tmp_path / "data", sources) as feed:
        tcp.send(ais.position(MMSI), *ais.voyage(MMSI, "NORDKAPP", 60))
        has(url, "own receiver", state="connected")
        sender = socket.socket(type=socket.SOCK_DGRAM)
        message = {"type": 1, "mmsi": MMSI + 1, "lat": 60.5, "lon": 5.25, "speed": 20.80000114}
        sender.sendto(json.dumps(message).encode(), ("127.0.0.1", port))
        sender.close()
        has(url, "coast", messages=2, positions=1, statics=1, state="connected")
        row = has(url, "own receiver", messages=1, positions=1)
        assert (row["address"], row["error"]) == (f"udp://127.0.0.1:{port}", None)
        has(url, "old.nm4", messages=1, positions=1, state="ended")
        assert feed.stop() < 5
    assert feed.code == 0
    assert [(row[0], row[4]) for row in sorted(positions(url))] == [
        (str(MMSI), "12.3"),
        (str(MMSI + 1), "20.8"),
        (str(MMSI + 2), "12.3"),
    ]
    with psycopg.connect(url) as connection:
        vessel = connection.execute(
            'select name, "vesselType", flag from public.vessels where mmsi = %s', (str(MMSI),)
        ).fetchone()
    assert vessel == ("NORDKAPP", "Passenger", "NO")


def test_aisstream_is_fed_with_its_boxes_and_ships_and_the_key_stays_secret(
    url: str, tmp_path: Path
) -> None:
    asked: list[dict[str, Any]] = []
    at = now() - timedelta(seconds=30)

    def message(kind: str, **body: object) -> str:
        return json.dumps(
            {
                "MessageType": kind,
                "MetaData": {"MMSI": MMSI, "time_utc": f"{at:%Y-%m-%d %H:%M:%S}.5 +0000 UTC"},
                "Message": {kind: {"UserID": MMSI, "Valid": True, **body}},
            }
        )

    def answer(connection: ServerConnection) -> None:
        asked.append(json.loads(connection.recv()))
        place = {"Latitude": 60.5, "Longitude": 5.25, "Cog": 87.6, "TrueHeading": 511}
        # aisstream sends JSON in binary frames.
        connection.send(message("PositionReport", **place, Sog=20.8, Timestamp=54).encode())
        connection.send(message("ShipStaticData", Name="NORDKAPP  ", Type=60).encode())
        connection.send(message("BaseStationReport", MessageID=4).encode())
        connection.recv()  # until the feed goes

    with serve(answer, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        source = f"aisstream:?box=54,4,62,13&mmsi={MMSI}&url=ws://127.0.0.1:{port}/v0/stream"
        with Feed(url, tmp_path, [source], {"AISSTREAM_API_KEY": "a-secret-key"}) as feed:
            row = has(url, "aisstream", messages=3, positions=1, statics=1, ignored=1)
            feed.stop()
    assert asked == [
        {
            "APIKey": "a-secret-key",
            "BoundingBoxes": [[[54.0, 4.0], [62.0, 13.0]]],
            "FiltersShipMMSI": [str(MMSI)],
        }
    ]
    assert positions(url) == [(str(MMSI), at, 60.5, 5.25, "20.8", "87.6")]
    assert "a-secret-key" not in feed.log + repr(row)


def test_standard_input_is_read_as_it_grows(url: str, tmp_path: Path) -> None:
    with Feed(url, tmp_path, ["-?name=pipe"], stdin=subprocess.PIPE) as feed:
        pipe = feed.process.stdin
        assert pipe is not None
        for number in range(3):
            line = ais.position(MMSI + number) + b"\n"
            pipe.write(line[:20])
            pipe.flush()
            pipe.write(line[20:])
            pipe.flush()
            has(url, "pipe", positions=number + 1)
        pipe.close()
        assert feed.end() == 0
    assert feed_row(url, "pipe")["state"] == "ended"


def test_a_file_ends_the_feed_when_all_of_it_is_filed(url: str, tmp_path: Path) -> None:
    at = now()
    path = tmp_path / "much.nm4"
    lines = [
        ais.timed(at - timedelta(seconds=n // 50), line)
        for n, line in enumerate(ais.varied(30_000))
    ]
    path.write_bytes(b"\n".join(lines))
    with Feed(url, tmp_path / "data", [f"file:{path}"]) as feed:
        assert feed.end() == 0
    row = feed_row(url, "much.nm4")
    assert row["lines"] == 30_000
    assert_adds_up(row)
    assert row["positions"] == count_of_positions(url)


def test_what_can_not_be_used_is_refused_at_once() -> None:
    def refused(*arguments: str) -> str:
        done = subprocess.run(
            [*COMMAND, "feed", *arguments],
            env={"PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        return done.stderr

    assert refused("tcp://a") == (
        "error: tcp://a must be tcp://host:port, for example tcp://127.0.0.1:10110\n"
    )
    assert refused("tcp://127.0.0.1:1?hello=NO_LOGIN") == (
        "error: tcp://127.0.0.1:1 needs the environment variable NO_LOGIN, which is not set: it"
        " holds the text that the server wants first\n"
    )
    assert refused("aisstream:") == (
        "error: aisstream: needs a key: set AISSTREAM_API_KEY to the one from"
        " https://aisstream.io\n"
    )


# --- rules ---------------------------------------------------------------------------------------


def test_one_position_is_filed_for_an_mmsi_and_second_however_many_receivers_heard_it(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    at = now()
    with TcpServer() as other:
        sources = [f"tcp://{tcp.address}?name=one", f"tcp://{other.address}?name=two"]
        with Feed(url, tmp_path, sources):
            for number in range(50):
                line = ais.timed(at - timedelta(seconds=number), ais.position(MMSI))
                tcp.send(line)
                other.send(line, line)
            one = has(url, "one", messages=50)
            two = has(url, "two", messages=100)
    assert count_of_positions(url) == 50 == one["positions"] + two["positions"]
    assert one["duplicates"] + two["duplicates"] == 100


def test_what_rtl_ais_repeats_to_whoever_connects_is_filed_once(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    """It sends the last 15 seconds again, without a time of their own, and then goes on."""
    heard = [ais.position(MMSI + number) for number in range(20)]
    heard += ais.voyage(MMSI, "NORDKAPP", 60)
    tcp.on_connect(lambda client: client.sendall(b"".join(line + b"\r\n" for line in heard)))
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=rtl"]):
        has(url, "rtl", messages=21, positions=20)
        for number in range(2, 5):
            heard.append(ais.position(MMSI + 100 + number))
            tcp.send(heard[-1])
            has(url, "rtl", positions=19 + number)
            tcp.drop()
            tcp.wait_for_client(number)
            # All 20 again, and those that came over the connections before.
            has(url, "rtl", lines=22 * number + number * (number - 1) // 2 + number - 1)
        row = feed_row(url, "rtl")
    assert_adds_up(row)
    assert (row["positions"], row["statics"], row["reconnects"]) == (23, 4, 3)
    assert row["duplicates"] == 20 * 3 + 1 + 2 + 3
    assert count_of_positions(url) == 23


def test_a_message_that_two_receivers_hear_at_different_moments_is_filed_once(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    with TcpServer() as other:
        sources = [f"tcp://{tcp.address}?name=one", f"tcp://{other.address}?name=two"]
        with Feed(url, tmp_path, sources):
            other.wait_for_client()
            tcp.send(*(ais.position(MMSI + number) for number in range(50)))
            has(url, "one", positions=50)
            wait_until(lambda: now() > newest(url), "the next second")
            other.send(*(ais.position(MMSI + number) for number in range(50)))
            has(url, "two", messages=50, positions=0, duplicates=50)
    assert count_of_positions(url) == 50


def newest(url: str) -> datetime:
    at: datetime = max(at for _, at, *_ in positions(url))
    return at


def test_two_processes_with_the_same_source_do_no_harm(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    at = now()
    lines = [
        ais.timed(at - timedelta(seconds=number), ais.position(MMSI + number))
        for number in range(200)
    ]
    tcp.on_connect(lambda client: client.sendall(b"\n".join(lines) + b"\n"))
    source = f"tcp://{tcp.address}?name=same"
    with (
        Feed(url, tmp_path / "a", [source]) as first,
        Feed(url, tmp_path / "b", [source]) as second,
    ):
        has(url, "same", messages=400)
        first.stop()
        second.stop()
    row = feed_row(url, "same")
    assert (row["positions"], row["duplicates"]) == (200, 200)
    assert count_of_positions(url) == 200


def test_stations_that_are_no_ships_are_rejected_and_can_be_looked_at(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    coast, zero = ais.position(2_570_001), ais.position(0)
    bad = ais.position(MMSI)[:-2] + b"00"
    nowhere = ais.position(MMSI, latitude=None, longitude=None)
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]):
        tcp.send(ais.base_station(MMSI), coast, zero, bad, nowhere, ais.position(MMSI))
        row = has(url, "coast", messages=6)
    assert_adds_up(row)
    assert (row["positions"], row["ignored_by_type"]) == (1, {"4": 1})
    assert row["rejected_by_reason"] == {
        "not a ship station": 2, "wrong checksum": 1, "position not available": 1,
    }  # fmt: skip
    with rows_of(url) as connection:
        kept = connection.execute(
            "select reason, raw from vessel_activity.rejected_message order by reason, raw"
        ).fetchall()
    assert sorted((one["reason"], one["raw"].encode()) for one in kept) == sorted(
        [
            ("not a ship station", coast),
            ("not a ship station", zero),
            ("position not available", nowhere),
            ("wrong checksum", bad),
        ]
    )


def test_a_type_19_without_position_still_says_its_name_and_type(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    one = ais.report(MMSI, latitude=None, longitude=None, name="GULL", type_code=37)
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]):
        tcp.send(*ais.framed(make_recordings.extended_b(one, 30)))
        row = has(url, "coast", messages=1)
    assert_adds_up(row)
    assert (row["statics"], row["positions"], row["rejected"]) == (1, 0, 0)
    with psycopg.connect(url) as connection:
        vessel = connection.execute('select name, "vesselType" from public.vessels').fetchone()
    assert vessel == ("GULL", "Pleasure Craft")


def test_a_receiver_whose_clock_is_in_2006_is_counted(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    old = datetime(2006, 1, 2, 3, 4, 5, tzinfo=UTC)
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]):
        tcp.send(
            ais.timed(old, ais.position(MMSI)),
            ais.timed(now() + timedelta(hours=5), ais.position(MMSI)),
            ais.position(MMSI, second=54),
        )
        row = has(url, "coast", messages=3)
    assert (row["clock_behind"], row["clock_ahead"], row["positions"]) == (1, 1, 3)
    times = sorted(at for _, at, *_ in positions(url))
    assert times[0] == old
    assert abs(times[1] - now()) < timedelta(seconds=60)  # not the second of a minute


def test_a_part_that_never_gets_its_rest_is_counted_at_the_end(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]) as feed:
        tcp.send(ais.voyage(MMSI, "NORDKAPP", 60)[0], ais.position(MMSI))
        has(url, "coast", messages=1)
        feed.stop()
    row = feed_row(url, "coast")
    assert row["rejected_by_reason"] == {"part of a message whose rest never came": 1}
    assert_adds_up(row)


def test_a_report_is_in_the_table_soon_after_its_arrival(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    """The bound of 1.5 s is that of `make bench`; a busy machine gets more."""
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]):
        tcp.send(ais.position(MMSI))
        has(url, "coast", positions=1)
        waits = []
        for number in range(1, 6):
            began = time.monotonic()
            tcp.send(ais.position(MMSI + number))
            has(url, "coast", positions=number + 1)
            waits.append(time.monotonic() - began)
    assert sorted(waits)[2] < 5


# --- rights --------------------------------------------------------------------------------------


def test_a_role_that_may_only_feed_can_feed(url: str, tmp_path: Path, tcp: TcpServer) -> None:
    role = f"feeder_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create role {role} login")
        try:
            connection.execute("select public.vessel_activity_grant(%s, 'feeder')", (role,))
            with Feed(url.replace("postgres@", f"{role}@"), tmp_path, [f"tcp://{tcp.address}"]):
                tcp.send(ais.position(MMSI))
                wait_until(lambda: count_of_positions(url) == 1, "filed by the feeder")
        finally:
            connection.execute(f"drop owned by {role}; drop role {role}")


def test_the_help_names_every_source() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vessel_activity", "feed", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    text = " ".join(done.stdout.split())
    for source in (
        "tcp://host:port",
        "udp://host:port",
        "file:PATH",
        "aisstream:",
        "AISSTREAM_API_KEY",
    ):
        assert source in text
