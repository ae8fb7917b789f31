"""GET /api/database/vessel-stats-stream: every refresh pushed as a server-sent event.

The data of an event is the nine keys, and its id is updatedAt. Without a cached row there is none.
`activity` events hold the document of what is moving, each time there is another one.
`heartbeat` events come every ten seconds and at each change. They tell the server's time, whether
the database can be read and has the row, and what is known of the feed. A client that doesn't read
is dropped, so it never delays the others, and the server never holds more than the newest event for
it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from vessel_activity.web.answer import end, json_response, start
from vessel_activity.web.feed_truth import told_of
from vessel_activity.web.health import database_clock

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from vessel_activity.web.answer import Answer
    from vessel_activity.web.listener import Listener
    from vessel_activity.web.requests import Counts

log = logging.getLogger("vessel_activity.stream")

PATH = "/api/database/vessel-stats-stream"
HEARTBEAT_SECONDS = 10.0
RETRY_MS = 2000
# A client is full if more than this waits in the server for it, beyond the system's socket buffers.
FULL_BYTES = 32_768
# How long a client may be full before it is dropped.
SLOW_SECONDS = 5.0
REFUSED = {"error": "Too many stream clients"}


class _Connection(Protocol):
    """What an event is written to."""

    def write(self, data: bytes) -> None: ...
    def get_write_buffer_size(self) -> int: ...
    def is_closing(self) -> bool: ...
    def abort(self) -> None: ...


class _Relay:
    """A connection that sends what is written to it through ASGI, under any server."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting = b""
        self._has_news = asyncio.Event()
        self._is_aborted = False

    def write(self, data: bytes) -> None:
        self._waiting += data
        self._has_news.set()

    def get_write_buffer_size(self) -> int:
        return len(self._waiting)

    def is_closing(self) -> bool:
        return self._is_aborted

    def abort(self) -> None:
        self._is_aborted = True

    async def run(self) -> None:
        """Send what is written until cancelled."""
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            body, self._waiting = self._waiting, b""
            await self._send({"type": "http.response.body", "body": body, "more_body": True})


@dataclass(eq=False, slots=True)
class _Client:
    """One client: its connection, the last events it was sent, since when it has been full."""

    connection: _Connection
    ended: asyncio.Future[None]
    event_number: int = 0
    document_number: int = 0
    full_since: float | None = None

    def end(self) -> None:
        """Let the request of this client finish."""
        if not self.ended.done():
            self.ended.set_result(None)


class Stream:
    """The ASGI application for the event stream of one listener.

    Args:
        listener: gives the answers.
        limit: clients at a time. The next client gets 503 with Retry-After.
        counts: where the answers are counted.

    Attributes:
        refused: clients turned away since the start, because the limit was reached.
        dropped: clients dropped since the start, because they read too slowly.

    Under uvicorn an event is made once and written straight to every connection. Waking a task for
    each client and passing the event through ASGI would take several times as long. Other servers
    get it through ASGI.
    """

    def __init__(self, listener: Listener, *, limit: int, counts: Counts) -> None:
        self._listener = listener
        self._limit = limit
        self._counts = counts
        self._clients: set[_Client] = set()
        self._closing = False
        # The newest events; their numbers let each client see whether it has had them.
        self._event, self._event_number = b"", 0
        self._document_event, self._document_number = b"", 0
        self._body = b""
        self.refused = 0
        self.dropped = 0

    @property
    def clients(self) -> int:
        """Clients connected now."""
        return len(self._clients)

    def publish(self) -> None:
        """Send what the listener knows to every client: a new answer, or a change of its health."""
        answer = self._listener.answer
        if answer is not None and answer.body != self._body:
            self._body = answer.body
            self._event, self._event_number = event_of(answer), self._event_number + 1
        document = self._listener.document
        if document is not None and document.event != self._document_event:
            self._document_event = document.event
            self._document_number += 1
        (event, number), (news, news_number) = self._servable()
        beat = heartbeat_of(self._listener)
        # Whether the client has had the event and the document, and whether its connection takes
        # chunks.
        pieces: dict[tuple[bool, bool, bool], bytes] = {}
        for has_event, has_document in itertools.product((True, False), repeat=2):
            piece = (b"" if has_event else event) + (b"" if has_document else news) + beat
            pieces[has_event, has_document, False] = piece
            pieces[has_event, has_document, True] = _chunk(piece)
        for client in tuple(self._clients):
            # A connection that has just closed refuses to be written to. Its request ends soon.
            connection = client.connection
            if connection.is_closing() or self._is_full(client):
                continue
            takes_chunks = not isinstance(connection, _Relay)
            has_event = client.event_number == number
            has_document = client.document_number == news_number
            connection.write(pieces[has_event, has_document, takes_chunks])
            client.event_number = max(client.event_number, number)
            client.document_number = max(client.document_number, news_number)

    async def run(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self.publish()

    def close(self) -> None:
        """End all streams. The clients reconnect to the server that comes next."""
        self._closing = True
        for client in tuple(self._clients):
            if client.connection.get_write_buffer_size() > FULL_BYTES:
                client.connection.abort()
            client.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it leaves, is dropped, or the server stops."""
        if scope["method"] == "HEAD":
            await send(_START)
            await send(end(b""))
            return
        if self._closing or self.clients >= self._limit:
            self.refused += 1
            self._counts[503] += 1
            for message in json_response(503, REFUSED, (b"retry-after", b"30")):
                await send(message)
            return
        self._counts[200] += 1
        connection = transport_of(send) or _Relay(send)
        relay = connection if isinstance(connection, _Relay) else None
        client = _Client(connection, asyncio.get_running_loop().create_future())
        self._clients.add(client)
        beside = [asyncio.ensure_future(_disconnected(receive))]
        try:
            await send(_START_CHUNKED if relay is None else _START)
            first, second = self._servable()
            (event, client.event_number), (news, client.document_number) = first, second
            greeting = b"retry: %d\n\n" % RETRY_MS + event + news + heartbeat_of(self._listener)
            await send({"type": "http.response.body", "body": greeting, "more_body": True})
            if relay is not None:
                beside.append(asyncio.ensure_future(relay.run()))
            for task in beside:
                task.add_done_callback(lambda _: client.end())
            await client.ended
            if relay is None or not relay.is_closing():
                await send(end(b""))
        finally:
            self._clients.discard(client)
            for task in beside:
                task.cancel()

    def _servable(self) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
        """Return the newest events, each with its number; (b"", 0) while it may not be served."""
        answer, _ = self._listener.servable()
        if answer is None:
            return (b"", 0), (b"", 0)
        document = (self._document_event, self._document_number)
        return (
            (self._event, self._event_number),
            document if self._listener.document is not None else (b"", 0),
        )

    def _is_full(self, client: _Client) -> bool:
        """Tell whether a client is full, and drop a client that has been full for too long."""
        if client.connection.get_write_buffer_size() <= FULL_BYTES:
            client.full_since = None
            return False
        now = time.monotonic()
        client.full_since = client.full_since or now
        if now - client.full_since > SLOW_SECONDS:
            self.dropped += 1
            log.warning("dropped a stream client that reads too slowly")
            self._clients.discard(client)
            # A close would wait for the very data that the client does not take.
            client.connection.abort()
            client.end()
        return True


_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # else nginx holds events back
]
_START = start(200, _HEADERS)
_START_CHUNKED = start(200, [*_HEADERS, (b"transfer-encoding", b"chunked")])


def _chunk(data: bytes) -> bytes:
    """Frame a piece of a chunked body, as uvicorn does."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event_of(answer: Answer) -> bytes:
    """Return an answer as a server-sent event with its updatedAt as its id; b"" without a row."""
    if not answer.reading.present:
        return b""
    at = json.loads(answer.body)["updatedAt"].encode()
    lines = b"".join(b"data: %s\n" % line for line in answer.body.splitlines())
    return b"id: %s\n%s\n" % (at, lines)


def heartbeat_of(listener: Listener) -> bytes:
    """Return a heartbeat event: time, interval, and how things are with the database."""
    answer, unconfirmed = listener.servable()
    reading = listener.answer.reading if listener.answer else None
    told = {
        "now": round(database_clock(listener) * 1000),
        "intervalSeconds": reading.interval_seconds if reading else None,
        "staleAfterSeconds": reading.stale_after_seconds if reading else None,
        "simulated": bool(reading and reading.simulated),
        "unconfirmedSeconds": unconfirmed,
        "present": reading.present if reading else None,
        "databaseAway": listener.failure is not None,
        "servable": answer is not None,
        "feed": told_of(listener.feed, reading.body if reading else None),
    }
    return b"event: heartbeat\ndata: %s\n\n" % json.dumps(told, separators=(",", ":")).encode()


def transport_of(send: Send) -> asyncio.WriteTransport | None:
    """Return the connection behind uvicorn's send; None under another server."""
    while isinstance(send, partial):
        send = send.keywords["send"]
    behind = getattr(send, "__self__", None)
    if type(behind).__module__.partition(".")[0] != "uvicorn":
        return None
    return cast("asyncio.WriteTransport | None", getattr(behind, "transport", None))


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
