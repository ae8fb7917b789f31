"""Reads the sources, each in a task of its own that goes on for ever, whatever the source does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit
from urllib.request import getproxies

import websockets
from websockets.asyncio.client import connect as connect_websocket

from vessel_activity.ais.files import pieces
from vessel_activity.errors import NotAisError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vessel_activity.feed.link import Link

log = logging.getLogger("vessel_activity.feed")

CONNECT_SECONDS = 10.0
_PIECE_BYTES = 64 * 1024
_UDP_BUFFER_BYTES = 4 * 1024 * 1024
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
_LARGEST_MESSAGE = 1024 * 1024

# gpsd says who it is, and sends nothing else until it is asked.
_GPSD_GREETING = b'{"class":"VERSION"'
_GPSD_WATCH = b'?WATCH={"enable":true,"raw":1};\n'


class Room(Protocol):
    """Waits while so much waits for the database that a file should not be read on."""

    async def __call__(self, *, is_live: bool) -> None:
        """Wait. is_live: go on while the database is away, since the input can't wait."""


async def read(link: Link, room: Room, key: str) -> None:
    """Read a source until it ends, which only a file does, or until cancelled.

    key: the API key of aisstream.
    """
    kind = link.source.kind
    if kind == "tcp":
        await _tcp(link)
    elif kind == "udp":
        await _udp(link)
    elif kind == "aisstream":
        await _aisstream(link, key)
    else:
        await _file(link, room)


# --- TCP ---


class _Stream(asyncio.Protocol):
    """Hands the bytes of a connection to the link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._is_new = True
        self._transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._link.source.hello:
            self._transport.write(os.environ.get(self._link.source.hello, "").encode() + b"\n")

    def data_received(self, data: bytes) -> None:
        if self._is_new and self._transport is not None and data.startswith(_GPSD_GREETING):
            self._transport.write(_GPSD_WATCH)
        self._is_new = False
        self._link.take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(exc)


async def _tcp(link: Link) -> None:
    while True:
        error = await _one_connection(link)
        await link.wait_to_retry(error)


async def _one_connection(link: Link) -> str:
    """Read a connection to its end, and return why it ended."""
    source = link.source
    try:
        # The name is looked up anew each time, since the address behind it may change.
        async with asyncio.timeout(CONNECT_SECONDS):
            await _look_up(source.host, source.port)
            transport, stream = await asyncio.get_running_loop().create_connection(
                lambda: _Stream(link), source.host, source.port
            )
    except TimeoutError:
        return f"no connection within {CONNECT_SECONDS:g} s"
    except OSError as error:
        return _reason(error)
    try:
        _keep_alive(transport.get_extra_info("socket"))
        link.opened()
        while True:
            limit = link.silence_limit()
            wait = None if limit is None else max(limit - link.quiet_for(), 0.01)
            done, _ = await asyncio.wait({stream.closed}, timeout=wait)
            if done:
                lost = stream.closed.result()
                return "the server closed the connection" if lost is None else _reason(lost)
            if limit is not None and link.quiet_for() >= limit:
                link.note_silence()
                return f"no byte for {limit:g} s"
    finally:
        transport.abort()
        link.cut()


async def _look_up(host: str, port: int | None) -> None:
    """Look a name up in a thread of its own, before the event loop does.

    The look-up of the event loop can't be given up. If it hung, the feed could not stop in time.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[None] = loop.create_future()

    def tell(error: OSError | None) -> None:
        if not found.done():
            found.set_result(None) if error is None else found.set_exception(error)

    def look() -> None:
        error: OSError | None = None
        try:
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as refused:
            error = refused
        except UnicodeError:
            error = socket.gaierror(socket.EAI_NONAME, "it is no name of a host")
        with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(tell, error)

    threading.Thread(target=look, name="look-up", daemon=True).start()
    await found


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _reason(error: Exception) -> str:
    """Say why a connection failed, in few words."""
    if isinstance(error, socket.gaierror):
        return f"the name can't be looked up ({error.strerror})"
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


# --- UDP ---


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, link: Link) -> None:
        self._link = link

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._link.take_whole(data, str(addr[0]))

    def error_received(self, exc: Exception) -> None:
        log.debug("%s: %s", self._link.source.name, exc)


async def _udp(link: Link) -> None:
    source = link.source
    while True:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await _look_up(source.host, source.port)
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(link), local_addr=(source.host, source.port)
            )
        except OSError as error:
            await link.wait_to_retry(f"can't listen there ({_reason(error)})")
            continue
        try:
            # Between two batches of the filer many datagrams may come.
            with contextlib.suppress(OSError):
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_BUFFER_BYTES
                )
            link.opened()
            while True:
                await asyncio.sleep(min(link.source.silence or 1.0, 1.0))
                if link.source.silence and link.quiet_for() >= link.source.silence:
                    link.enter("silent", f"no datagram for {link.source.silence:g} s")
        finally:
            transport.close()


# --- aisstream.io ---


async def _aisstream(link: Link, key: str) -> None:
    while True:
        error = await _one_websocket(link, key)
        await link.wait_to_retry(error)


async def _one_websocket(link: Link, key: str) -> str:
    """Read a WebSocket to its end, and return why it ended."""
    source = link.source
    about = {
        "APIKey": key,
        "BoundingBoxes": [[list(corner) for corner in box] for box in source.boxes],
    }
    if source.mmsis:
        about["FiltersShipMMSI"] = list(source.mmsis)
    try:
        if not getproxies():  # else the proxy looks the name up
            place = urlsplit(source.url)
            async with asyncio.timeout(CONNECT_SECONDS):
                await _look_up(place.hostname or "", place.port)
        async with connect_websocket(
            source.url, open_timeout=CONNECT_SECONDS, close_timeout=1, max_size=_LARGEST_MESSAGE
        ) as stream:
            await stream.send(json.dumps(about))
            link.opened()
            while True:
                limit = link.silence_limit()
                try:
                    async with asyncio.timeout(limit):
                        message = await stream.recv(decode=False)
                except TimeoutError:
                    link.note_silence()
                    return f"no message for {limit:g} s"
                if (refusal := _refusal(message)) is not None:
                    return refusal
                link.take_whole(message)
    except TimeoutError:
        return f"no connection within {CONNECT_SECONDS:g} s"
    except websockets.ConnectionClosed as error:
        said = error.rcvd
        return "the server closed the connection" + (
            f" ({said.reason})" if said is not None and said.reason else ""
        )
    except (OSError, websockets.WebSocketException) as error:
        return _reason(error)


def _refusal(message: bytes) -> str | None:
    """Return what the server says if it refuses the key or the subscription."""
    if not message.startswith(b'{"error"'):
        return None
    try:
        text = json.loads(message)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return f"the server refuses: {str(text)[:200]}"


# --- Files and standard input ---


async def _file(link: Link, room: Room) -> None:
    """Read a file to its end. A thread reads, since reading a pipe may take for ever."""
    loop = asyncio.get_running_loop()
    is_live = link.source.kind == "-"
    # One piece at a time: the thread waits until the last one is taken.
    ready: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
    taken = threading.Semaphore(1)

    def give(piece: bytes | Exception | None) -> None:
        taken.acquire()
        with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(ready.put_nowait, piece)

    threading.Thread(
        target=_read_all, args=(None if is_live else link.source.path, give), daemon=True
    ).start()
    link.opened()
    while True:
        piece = await _next_piece(link, ready)
        if isinstance(piece, bytes):
            link.take(piece)
            await room(is_live=is_live)
            taken.release()
            continue
        link.cut()
        link.finish()
        link.enter("ended", "end of the file" if piece is None else _reason(piece))
        return


async def _next_piece(
    link: Link, ready: asyncio.Queue[bytes | Exception | None]
) -> bytes | Exception | None:
    while True:
        try:
            async with asyncio.timeout(link.source.silence or None):
                return await ready.get()
        except TimeoutError:
            link.enter("silent", f"no byte for {link.source.silence:g} s")


def _read_all(path: Path | None, give: Callable[[bytes | Exception | None], None]) -> None:
    """Give the pieces of a file, or of standard input, and how it ended."""
    try:
        for piece in _input_pieces() if path is None else _pieces_of(path):
            give(piece)
    except (OSError, NotAisError) as error:
        give(error)
    else:
        give(None)


def _pieces_of(path: Path) -> Iterator[bytes]:
    if path.is_file():  # it may be compressed
        with path.open("rb") as file:
            yield from pieces(file)
    else:  # a pipe or a serial port gives what there is, without waiting for more
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece


def _input_pieces() -> Iterator[bytes]:
    while piece := os.read(sys.stdin.fileno(), _PIECE_BYTES):
        yield piece
