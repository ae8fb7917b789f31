"""GET /api/database/vessel-stats-stream: every refresh pushed as a server-sent event.

An event's data is the nine keys, its id is updatedAt. Beside these, `heartbeat` events tell the
server's time and whether the database can be read, every ten seconds and when that changes. A
client that doesn't read is dropped: nobody waits for it, and it never holds more than the newest
event.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from answer import json_response, start

if TYPE_CHECKING:
    from collections import Counter

    from starlette.types import Receive, Scope, Send

    from answer import Answer, Message
    from listener import Listener

log = logging.getLogger("vessel_activity.stream")

PATH = "/api/database/vessel-stats-stream"
HEARTBEAT_SECONDS = 10.0
RETRY_MS = 2000
# How long a client may leave its socket full before it is dropped.
SLOW_SECONDS = 5.0
FULL = {"error": "Too many stream clients"}


class Stream:
    """ASGI application for the event stream of one listener.

    limit: clients at a time; the next gets 503 with Retry-After. clients: those connected now;
    refused, dropped: those turned away and those too slow, since the start.
    """

    def __init__(self, listener: Listener, *, limit: int, counts: Counter[tuple[str, int]]) -> None:
        self._listener = listener
        self._limit = limit
        self._counts = counts
        self._wakers: set[asyncio.Event] = set()
        self._closing = False
        # Newest event and heartbeat; the numbers let each client see what it has not sent yet.
        self._event, self._event_number = b"", 0
        self._beat, self._beat_number = b"", 0
        self._body = b""
        self.refused = 0
        self.dropped = 0

    @property
    def clients(self) -> int:
        """Clients connected now."""
        return len(self._wakers)

    def publish(self) -> None:
        """Send what the listener knows to everybody: a new answer, or a change of its health."""
        answer = self._listener.answer
        if answer is not None and answer.body != self._body:
            self._body = answer.body
            self._event, self._event_number = event_of(answer), self._event_number + 1
        self._renew_heartbeat()
        self._wake()

    async def run(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self._renew_heartbeat()
            self._wake()

    def close(self) -> None:
        """End all streams; the clients come back to whoever serves next."""
        self._closing = True
        self._wake()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it goes, is too slow, or the server stops."""
        if scope["method"] == "HEAD":
            await send(self._start())
            await send({"type": "http.response.body", "body": b""})
            return
        if self._closing or self.clients >= self._limit:
            self.refused += 1
            self._counts["stream", 503] += 1
            begin, end = json_response(503, FULL, (b"retry-after", b"30"))
            await send(begin)
            await send(end)
            return
        self._counts["stream", 200] += 1
        waker = asyncio.Event()
        self._wakers.add(waker)
        gone = asyncio.ensure_future(_disconnected(receive))
        gone.add_done_callback(lambda _: waker.set())
        try:
            await self._serve(send, waker, gone)
        finally:
            self._wakers.discard(waker)
            gone.cancel()

    async def _serve(self, send: Send, waker: asyncio.Event, gone: asyncio.Future[None]) -> None:
        await send(self._start())
        news = b"retry: %d\n\n" % RETRY_MS
        sent_event, sent_beat = 0, 0
        self._beat = self._beat or heartbeat_of(self._listener)
        while True:
            if sent_event != self._event_number:
                news += self._event
            if sent_beat != self._beat_number or not sent_event:
                news += self._beat
            sent_event, sent_beat = self._event_number, self._beat_number
            if news and not await self._sent(send, news):
                return
            news = b""
            await waker.wait()
            waker.clear()
            if gone.done():
                return
            if self._closing:
                await send({"type": "http.response.body", "body": b""})
                return

    async def _sent(self, send: Send, news: bytes) -> bool:
        """Send, or drop the client: False when its socket stays full for too long."""
        try:
            async with asyncio.timeout(SLOW_SECONDS):
                await send({"type": "http.response.body", "body": news, "more_body": True})
        except TimeoutError:
            self.dropped += 1
            log.warning("dropped a stream client that reads too slowly")
            # A close would wait for the very data that the client does not take.
            transport = transport_of(send)
            if transport is not None:
                transport.abort()
            return False
        return True

    def _start(self) -> Message:
        return start(
            200,
            [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-store"),
                (b"x-content-type-options", b"nosniff"),
                (b"x-accel-buffering", b"no"),  # nginx would keep events back
            ],
        )

    def _renew_heartbeat(self) -> None:
        self._beat, self._beat_number = heartbeat_of(self._listener), self._beat_number + 1

    def _wake(self) -> None:
        for waker in self._wakers:
            waker.set()


def event_of(answer: Answer) -> bytes:
    """Return an answer as a server-sent event with its updatedAt as its id."""
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
        "databaseAway": listener.failure is not None,
        "servable": answer is not None,
    }
    return b"event: heartbeat\ndata: %s\n\n" % json.dumps(told, separators=(",", ":")).encode()


def transport_of(send: Send) -> asyncio.WriteTransport | None:
    """Return the connection behind uvicorn's send, None behind any other."""
    while isinstance(send, partial):
        send = send.keywords["send"]
    transport: asyncio.WriteTransport | None
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    return transport


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
