"""GET /api/database/vessel-stats-stream: every refresh pushed as a server-sent event.

An event's data is the nine keys, its id is updatedAt; without a cached row there is none. Beside
these, `heartbeat` events tell the server's time, whether the database can be read and has the row,
every ten seconds and when that changes. A client that doesn't read is dropped: nobody waits for
it, and it never holds more than the newest event.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from vessel_activity.web.answer import end, json_response, start

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from vessel_activity.web.answer import Answer
    from vessel_activity.web.listener import Listener
    from vessel_activity.web.requests import Counts

log = logging.getLogger("vessel_activity.stream")

PATH = "/api/database/vessel-stats-stream"
HEARTBEAT_SECONDS = 10.0
RETRY_MS = 2000
# What may wait in the server for one client, beyond what the system's socket buffers hold.
FULL_BYTES = 32_768
# How long a client may leave it at that before it is dropped.
SLOW_SECONDS = 5.0
REFUSED = {"error": "Too many stream clients"}


@dataclass(eq=False, slots=True)
class _Client:
    """One connected client: its connection, what it has been sent, since when it has been full."""

    transport: asyncio.WriteTransport
    ended: asyncio.Future[None]
    event_number: int = 0
    full_since: float | None = None

    def end(self) -> None:
        """Let the request of this client finish."""
        if not self.ended.done():
            self.ended.set_result(None)


class Stream:
    """ASGI application for the event stream of one listener; it needs uvicorn below it.

    limit: clients at a time; the next gets 503 with Retry-After. refused, dropped: clients turned
    away, and too slow, since the start.

    An event is made once and written straight to every connection: waking a task for each client
    and passing the event through ASGI would take several times as long.
    """

    def __init__(self, listener: Listener, *, limit: int, counts: Counts) -> None:
        self._listener = listener
        self._limit = limit
        self._counts = counts
        self._clients: set[_Client] = set()
        self._closing = False
        # The newest event; its number lets each client see whether it has had it.
        self._event, self._event_number = b"", 0
        self._body = b""
        self.refused = 0
        self.dropped = 0

    @property
    def clients(self) -> int:
        """Clients connected now."""
        return len(self._clients)

    def publish(self) -> None:
        """Send what the listener knows to everybody: a new answer, or a change of its health."""
        answer = self._listener.answer
        if answer is not None and answer.body != self._body:
            self._body = answer.body
            self._event, self._event_number = event_of(answer), self._event_number + 1
        event, number = self._servable()
        beat = heartbeat_of(self._listener)
        both, beat_alone = _chunk(event + beat), _chunk(beat)
        for client in tuple(self._clients):
            # A connection that has just closed refuses to be written to; its request ends soon.
            if client.transport.is_closing() or self._is_full(client):
                continue
            behind = client.event_number != number
            client.transport.write(both if behind else beat_alone)
            client.event_number = max(client.event_number, number)

    async def run(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self.publish()

    def close(self) -> None:
        """End all streams; the clients come back to whoever serves next."""
        self._closing = True
        for client in tuple(self._clients):
            if client.transport.get_write_buffer_size() > FULL_BYTES:
                client.transport.abort()
            client.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it goes, is too slow, or the server stops."""
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
        client = _Client(transport_of(send), asyncio.get_running_loop().create_future())
        self._clients.add(client)
        gone = asyncio.ensure_future(_disconnected(receive))
        gone.add_done_callback(lambda _: client.end())
        try:
            await send(_START)
            event, client.event_number = self._servable()
            greeting = b"retry: %d\n\n" % RETRY_MS + event + heartbeat_of(self._listener)
            await send({"type": "http.response.body", "body": greeting, "more_body": True})
            await client.ended
            await send(end(b""))
        finally:
            self._clients.discard(client)
            gone.cancel()

    def _servable(self) -> tuple[bytes, int]:
        """Return the newest event and its number; (b"", 0) while it may not be served."""
        answer, _ = self._listener.servable()
        return (self._event, self._event_number) if answer is not None else (b"", 0)

    def _is_full(self, client: _Client) -> bool:
        """Tell whether a client has not taken the last events; drop it when that lasts."""
        if client.transport.get_write_buffer_size() <= FULL_BYTES:
            client.full_since = None
            return False
        now = time.monotonic()
        client.full_since = client.full_since or now
        if now - client.full_since > SLOW_SECONDS:
            self.dropped += 1
            log.warning("dropped a stream client that reads too slowly")
            self._clients.discard(client)
            # A close would wait for the very data that the client does not take.
            client.transport.abort()
        return True


_START = start(
    200,
    [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"transfer-encoding", b"chunked"),
        (b"x-accel-buffering", b"no"),  # nginx would keep events back
    ],
)


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
    """Return a heartbeat event: server time, interval, and how things are with the database."""
    answer, unconfirmed = listener.servable()
    reading = listener.answer.reading if listener.answer else None
    told = {
        "now": round(time.time() * 1000),
        "intervalSeconds": reading.interval_seconds if reading else None,
        "simulated": bool(reading and reading.simulated),
        "unconfirmedSeconds": unconfirmed,
        "present": reading.present if reading else None,
        "databaseAway": listener.failure is not None,
        "servable": answer is not None,
    }
    return b"event: heartbeat\ndata: %s\n\n" % json.dumps(told, separators=(",", ":")).encode()


def transport_of(send: Send) -> asyncio.WriteTransport:
    """Return the connection behind uvicorn's send.

    Raises:
        RuntimeError: it is not uvicorn's, or something is in between.

    """
    while isinstance(send, partial):
        send = send.keywords["send"]
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("the event stream must be served by uvicorn, without middleware")
    return cast("asyncio.WriteTransport", transport)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
