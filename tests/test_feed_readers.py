"""A source is read for ever, whatever it does: no fault of it ends the feed or grows it."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import socket
import threading
import time
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.support import ais
from tests.support.feeding import TcpServer
from vessel_activity.feed import link as links
from vessel_activity.feed import readers
from vessel_activity.feed.link import Link
from vessel_activity.feed.readers import read
from vessel_activity.feed.source import source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

MMSI = 257_123_456
KEY = "a secret key"


@pytest.fixture
def server() -> Iterator[TcpServer]:
    with TcpServer() as one:
        yield one


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tries follow each other quickly."""
    monkeypatch.setattr(links, "FIRST_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(links, "MOST_RETRY_SECONDS", 0.02)


async def room(*, is_live: bool) -> None:
    del is_live


def reading(text: str, until: Callable[[Link], bool]) -> Link:
    """Read a source until a condition holds."""

    async def run() -> Link:
        link = Link(source(text), lambda _: None)
        task = asyncio.create_task(read(link, room, KEY))
        end = time.monotonic() + 60
        while not until(link):
            assert time.monotonic() < end, f"{link.state}: {link.error}"
            assert not task.done() or task.exception() is None
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return link

    return asyncio.run(run())


def mmsis(link: Link) -> list[int | None]:
    return [row.mmsi for row in link.tally.rows]


# --- TCP -----------------------------------------------------------------------------------------


def test_lines_from_a_server_are_read(server: TcpServer) -> None:
    server.on_connect(lambda _: server.send(ais.position(MMSI), ais.position(MMSI + 1)))
    link = reading(f"tcp://{server.address}", lambda link: len(link.tally.rows) == 2)
    assert mmsis(link) == [MMSI, MMSI + 1]
    assert (link.state, link.error) == ("connected", None)


@pytest.mark.usefixtures("at_once")
def test_a_server_that_closes_is_connected_to_again(server: TcpServer) -> None:
    def once(client: socket.socket) -> None:
        client.sendall(ais.position(MMSI + server.connected) + b"\n")
        server.drop()

    server.on_connect(once)
    link = reading(f"tcp://{server.address}", lambda link: len(link.tally.rows) == 5)
    assert mmsis(link) == [MMSI + number for number in range(1, 6)]
    assert link.reconnects >= 4


@pytest.mark.usefixtures("at_once")
def test_an_unfinished_line_is_not_joined_to_the_next_connection(server: TcpServer) -> None:
    whole = ais.position(MMSI) + b"\n"

    def once(client: socket.socket) -> None:
        client.sendall(whole[:-8] if server.connected == 1 else whole)
        if server.connected == 1:
            server.drop()

    server.on_connect(once)
    link = reading(f"tcp://{server.address}", lambda link: len(link.tally.rows) == 2)
    assert [row.reason for row in link.tally.rows] == ["broken sentence", None]


@pytest.mark.usefixtures("at_once")
def test_two_hundred_reconnects_take_neither_memory_nor_sockets(server: TcpServer) -> None:
    def once(client: socket.socket) -> None:
        client.sendall(ais.position(MMSI) + b"\n" + ais.voyage(MMSI, "X", 70)[0] + b"\n!AIVDM,1")
        server.drop()

    server.on_connect(once)
    seen: dict[int, tuple[int, int]] = {}

    def enough(link: Link) -> bool:
        if link.reconnects in {50, 200} and link.reconnects not in seen:
            link.finish()
            link.tally.rows.clear()
            gc.collect()
            seen[link.reconnects] = (
                tracemalloc.get_traced_memory()[0],
                len(os.listdir("/proc/self/fd")),  # noqa: PTH208
            )
        return link.reconnects >= 200

    tracemalloc.start()
    try:
        reading(f"tcp://{server.address}", enough)
    finally:
        tracemalloc.stop()
    assert seen[200][0] < seen[50][0] + 100_000
    assert seen[200][1] <= seen[50][1] + 2


@pytest.mark.usefixtures("at_once")
def test_a_server_that_says_nothing_is_left_and_then_left_alone(server: TcpServer) -> None:
    opened: list[float] = []
    server.on_connect(lambda _: opened.append(time.monotonic()))
    link = reading(
        f"tcp://{server.address}?silence=0.1",
        lambda link: len(opened) == 5 and link.state == "silent",
    )
    # The limit doubles with each silent connection: a quiet source is not hammered.
    waits = [later - earlier for earlier, later in pairwise(opened)]
    assert all(wait >= limit for wait, limit in zip(waits, [0.1, 0.2, 0.4, 0.8], strict=True))
    assert link.state == "silent"
    assert link.error is not None
    assert re.fullmatch(r"no byte for 0\.8 s", link.error)


@pytest.mark.usefixtures("at_once")
def test_a_byte_ends_the_silence(server: TcpServer) -> None:
    def once(client: socket.socket) -> None:
        if server.connected == 4:
            client.sendall(ais.position(MMSI) + b"\n")

    server.on_connect(once)
    link = reading(f"tcp://{server.address}?silence=0.1", lambda link: bool(link.tally.rows))
    assert (link.state, link.error, link.silence_limit()) == ("connected", None, 0.1)


def test_a_server_that_closes_at_once_is_tried_less_and_less_often(
    server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "FIRST_RETRY_SECONDS", 0.05)
    opened: list[float] = []

    def once(_: socket.socket) -> None:
        opened.append(time.monotonic())
        server.drop()

    server.on_connect(once)
    link = reading(
        f"tcp://{server.address}", lambda link: len(opened) == 6 and link.error is not None
    )
    # Half of 0.05, 0.1, 0.2, 0.4 and 0.8 seconds at least.
    assert opened[5] - opened[0] >= 0.77
    assert opened[5] - opened[4] >= 0.4
    assert link.error == "the server closed the connection"


def test_the_waits_are_capped_and_jittered() -> None:
    async def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
        link = Link(source("tcp://a:1"), lambda _: None)
        slept: list[float] = []

        async def note(seconds: float) -> None:
            slept.append(seconds)

        monkeypatch.setattr(asyncio, "sleep", note)
        for _ in range(40):
            await link.wait_to_retry("away")
        return slept

    with pytest.MonkeyPatch.context() as patch:
        slept = asyncio.run(waits(patch))
    assert 0.5 <= slept[0] <= 1.5
    assert max(slept) <= 90
    assert len({round(seconds, 6) for seconds in slept[10:]}) == 30
    assert all(30 <= seconds <= 90 for seconds in slept[10:])


@pytest.mark.usefixtures("at_once")
def test_what_keeps_a_connection_from_being_made_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        port = taken.getsockname()[1]
        link = reading(f"tcp://127.0.0.1:{port}", lambda link: link.reconnects > 2)
    assert link.error == "Connection refused"
    link = reading("tcp://no-such-host.invalid:1", lambda link: link.reconnects > 0)
    assert link.error is not None
    assert link.error.startswith("the name can't be looked up")


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_name_that_no_host_can_have_does_not_end_the_feed(kind: str) -> None:
    link = reading(f"{kind}://a..b:1", lambda link: link.reconnects > 1)
    assert link.error is not None
    assert "the name can't be looked up" in link.error


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("text", ["tcp://a.example:1", "aisstream:?url=ws://a.example:1"])
def test_a_name_server_that_does_not_answer_does_not_keep_the_feed_from_stopping(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(readers, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(60))
    began = time.monotonic()
    link = reading(text, lambda link: link.reconnects > 1)
    assert time.monotonic() - began < 30
    assert link.error == "no connection within 0.2 s"
    answered.set()


def test_gpsd_is_asked_for_what_its_receiver_sends(server: TcpServer) -> None:
    """It greets, and sends nothing until a client asks."""
    asked: list[bytes] = []

    def gpsd(client: socket.socket) -> None:
        client.sendall(b'{"class":"VERSION","release":"3.25","rev":"3.25","proto_major":3}\r\n')
        asked.append(client.recv(1000))
        client.sendall(
            b'{"class":"DEVICES","devices":[]}\r\n{"class":"WATCH","enable":true,"raw":1}\r\n'
            + ais.position(MMSI)
            + b"\r\n"
        )

    server.on_connect(gpsd)
    link = reading(f"tcp://{server.address}", lambda link: bool(link.tally.rows))
    assert asked == [b'?WATCH={"enable":true,"raw":1};\n']
    assert mmsis(link) == [MMSI]
    assert (link.tally.lines, link.tally.other, link.tally.rejected.total()) == (4, 3, 0)


@pytest.mark.usefixtures("at_once")
def test_a_server_that_wants_a_login_gets_it_after_each_connect(
    server: TcpServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SPIRE_LOGIN", "A|T|secret")
    asked: list[bytes] = []

    def spire(client: socket.socket) -> None:
        asked.append(client.recv(1000))
        client.sendall(ais.position(MMSI) + b"\n")
        server.drop()

    server.on_connect(spire)
    link = reading(
        f"tcp://{server.address}?hello=SPIRE_LOGIN", lambda link: len(link.tally.rows) == 3
    )
    assert asked[:3] == [b"A|T|secret\n"] * 3
    assert "secret" not in caplog.text + json.dumps(link.now())


@pytest.mark.usefixtures("at_once")
def test_a_server_that_comes_later_is_found() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    late: list[TcpServer] = []

    def until(link: Link) -> bool:
        if link.reconnects > 3 and not late:
            late.append(TcpServer(port))
            late[0].on_connect(lambda _: late[0].send(ais.position(MMSI)))
        return bool(link.tally.rows)

    reading(f"tcp://127.0.0.1:{port}", until)
    late[0].close()


# --- UDP -----------------------------------------------------------------------------------------


def test_datagrams_with_several_lines_and_json_are_read() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sender = socket.socket(type=socket.SOCK_DGRAM)
    voyage = ais.voyage(MMSI, "NORDKAPP", 60)
    message = json.dumps({"type": 1, "mmsi": MMSI + 2, "lat": 1.5, "lon": 2.5, "speed": 3})

    def until(link: Link) -> bool:
        if link.state == "connected" and not link.tally.lines:
            sender.sendto(ais.position(MMSI) + b"\r\n" + voyage[0], ("127.0.0.1", port))
            sender.sendto(message.encode(), ("127.0.0.1", port))
            sender.sendto(voyage[1] + b"\n", ("127.0.0.1", port))
        return len(link.tally.rows) >= 3

    link = reading(f"udp://127.0.0.1:{port}", until)
    sender.close()
    assert [(row.mmsi, row.name) for row in link.tally.rows] == [
        (MMSI, None),
        (MMSI + 2, None),
        (MMSI, "NORDKAPP"),
    ]


@pytest.mark.usefixtures("at_once")
def test_a_port_that_is_taken_is_waited_for() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        link = reading(f"udp://127.0.0.1:{port}", lambda link: link.reconnects > 1)
    assert link.error == "can't listen there (Address already in use)"


def test_udp_without_datagrams_is_silent() -> None:
    link = reading("udp://127.0.0.1:0?silence=0.2", lambda link: link.state == "silent")
    assert link.error == "no datagram for 0.2 s"


# --- files ---------------------------------------------------------------------------------------


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.nm4"
    path.write_bytes(b"\n".join(ais.varied(3000)))  # without a line end
    link = reading(f"file:{path}", lambda link: link.state == "ended")
    assert link.tally.lines == 3000
    assert link.error == "end of the file"


def test_a_pipe_is_read_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    os.write(writer, ais.position(MMSI) + b"\n")
    sent = [1]

    def until(link: Link) -> bool:
        if len(link.tally.rows) == sent[0] < 4:
            os.write(writer, ais.position(MMSI) + b"\n")
            sent[0] += 1
        return len(link.tally.rows) == 4

    link = reading(f"file:{path}", until)
    assert link.state == "connected"
    os.close(writer)


def test_a_file_that_is_not_there_ends_the_source(tmp_path: Path) -> None:
    link = reading(f"file:{tmp_path}/none", lambda link: link.state == "ended")
    assert link.error == "No such file or directory"


# --- aisstream -----------------------------------------------------------------------------------

MESSAGE = {
    "MessageType": "PositionReport",
    "MetaData": {"MMSI": MMSI, "time_utc": "2026-05-04 12:29:13.233407195 +0000 UTC"},
    "Message": {
        "PositionReport": {
            "UserID": MMSI, "Latitude": 60.5, "Longitude": 5.25, "Sog": 20.8, "Cog": 87.6,
            "Timestamp": 54, "Valid": True, "MessageID": 1,
        }
    },
}  # fmt: skip


def aisstream(
    answer: Callable[[ServerConnection, dict[str, Any]], Awaitable[None]],
    until: Callable[[Link], bool],
    query: str = "",
) -> tuple[Link, list[dict[str, Any]]]:
    """Read a server that speaks as aisstream does; return the subscriptions that it got, too."""
    subscriptions: list[dict[str, Any]] = []

    async def handle(connection: ServerConnection) -> None:
        subscriptions.append(json.loads(await connection.recv()))
        await answer(connection, subscriptions[-1])

    async def run() -> Link:
        async with serve(handle, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            link = Link(
                source(f"aisstream:?url=ws://127.0.0.1:{port}/v0/stream{query}"), lambda _: None
            )
            task = asyncio.create_task(read(link, room, KEY))
            end = time.monotonic() + 60
            while not until(link):
                assert time.monotonic() < end, f"{link.state}: {link.error}"
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return link

    return asyncio.run(run()), subscriptions


async def send_and_stay(connection: ServerConnection, _: dict[str, Any]) -> None:
    await connection.send(json.dumps(MESSAGE).encode())  # as bytes, like aisstream
    await connection.send(json.dumps(MESSAGE))
    await connection.wait_closed()


def test_the_messages_of_aisstream_are_asked_for_and_read() -> None:
    link, subscriptions = aisstream(send_and_stay, lambda link: len(link.tally.rows) == 2)
    assert subscriptions == [{"APIKey": KEY, "BoundingBoxes": [[[-90.0, -180.0], [90.0, 180.0]]]}]
    assert [(row.mmsi, row.speed) for row in link.tally.rows] == [(MMSI, 20.8)] * 2


def test_boxes_and_ships_are_asked_for() -> None:
    _, subscriptions = aisstream(
        send_and_stay,
        lambda link: bool(link.tally.rows),
        "&box=54,4,62,13&box=-10,-20,0,0&mmsi=257000001,257000002",
    )
    assert subscriptions == [
        {
            "APIKey": KEY,
            "BoundingBoxes": [[[54.0, 4.0], [62.0, 13.0]], [[-10.0, -20.0], [0.0, 0.0]]],
            "FiltersShipMMSI": ["257000001", "257000002"],
        }
    ]


@pytest.mark.usefixtures("at_once")
def test_a_refused_key_is_said_and_tried_again_without_being_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def refuse(connection: ServerConnection, _: dict[str, Any]) -> None:
        await connection.send(json.dumps({"error": "Api Key Is Not Valid"}))
        await connection.close()

    link, subscriptions = aisstream(
        refuse, lambda link: link.reconnects >= 3 and link.state == "waiting"
    )
    assert link.error == "the server refuses: Api Key Is Not Valid"
    assert len(subscriptions) >= 3
    assert KEY not in caplog.text + json.dumps(link.now())


@pytest.mark.usefixtures("at_once")
def test_a_websocket_that_brings_nothing_is_left() -> None:
    async def stay(connection: ServerConnection, _: dict[str, Any]) -> None:
        await connection.wait_closed()

    link, subscriptions = aisstream(stay, lambda link: link.reconnects == 2, "&silence=0.2")
    assert link.error == "no message for 0.4 s"
    assert len(subscriptions) >= 2


@pytest.mark.usefixtures("at_once")
def test_a_websocket_that_closes_is_opened_again() -> None:
    async def once(connection: ServerConnection, _: dict[str, Any]) -> None:
        await connection.send(json.dumps(MESSAGE))
        await connection.close(1011, "internal error")

    link, _ = aisstream(once, lambda link: len(link.tally.rows) == 4)
    assert link.reconnects >= 3
