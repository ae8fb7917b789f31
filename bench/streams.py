"""Measure the delay from a commit to each of many stream clients, all in one process."""

from __future__ import annotations

import asyncio
import resource
import time
from typing import TYPE_CHECKING, cast

import psycopg
import uvloop

if TYPE_CHECKING:
    from collections.abc import Sequence

STREAM = "/api/database/vessel-stats-stream"
COMMIT = (
    "update public.vessel_activity_realtime"
    " set active_now = %s, updated_at = clock_timestamp() where id = 'singleton'"
)


class Client(asyncio.Protocol):
    """A stream client. It records when it first receives the number that it waits for."""

    def __init__(self, seen: asyncio.Queue[float]) -> None:
        self._seen = seen
        self._tail = b""
        self.wanted = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request the stream."""
        # The transports of uvloop are no subclasses of asyncio.Transport.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(b"GET %s HTTP/1.1\r\nHost: bench\r\n\r\n" % STREAM.encode())

    def data_received(self, data: bytes) -> None:
        """Look for the number, which may be split between two pieces of data."""
        now = time.perf_counter()
        if self.wanted and self.wanted in self._tail + data:
            self.wanted = b""
            self._seen.put_nowait(now)
        self._tail = data[-200:]


async def _measure(port: int, url: str, clients: int, commits: int) -> list[float]:
    seen: asyncio.Queue[float] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    opened = []
    for _ in range(clients):
        _, client = await loop.create_connection(lambda: Client(seen), "127.0.0.1", port)
        opened.append(client)
    await asyncio.sleep(2)  # until each client has received its first event
    delays: list[float] = []
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for number in range(100_000, 100_000 + commits):
            for client in opened:
                client.wanted = b'"activeNow" : %d,' % number
            async with connection.transaction():
                await connection.execute(COMMIT, [number])
                await connection.execute("notify vessel_activity")
                began = time.perf_counter()  # the delay includes the commit
            arrivals = [await asyncio.wait_for(seen.get(), 10) for _ in opened]
            delays += [arrived - began for arrived in arrivals]
    for client in opened:
        client.transport.close()
    return delays


def commit_to_event_ms(port: int, url: str, *, clients: int, commits: int) -> Sequence[float]:
    """Return the delays of all deliveries in milliseconds, in ascending order.

    A delay counts from just before the COMMIT to the arrival of the event at a client.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, clients + 512), hard))
    delays = uvloop.run(_measure(port, url, clients, commits))
    return sorted(delay * 1000 for delay in delays)
