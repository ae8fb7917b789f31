"""The limits of what one client may take from all others: connections, memory and patience.

uvicorn limits none of this itself. A connection without a request in progress is *idle*: it has
sent nothing yet, sends its header slowly, or has had its answer. If all places are taken, the
connection that has been idle for longest makes room for a new one. So idle connections lock nobody
out. If no connection is idle, a new one is refused with 503, except for the health pages.
"""

from __future__ import annotations

import ipaddress
import time
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Any

from vessel_activity.web.answer import adding, json_response

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as _Protocol
except ImportError:  # httptools has no wheel for every platform
    from uvicorn.protocols.http.h11_impl import H11Protocol as _Protocol  # type: ignore[assignment]

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

# How long a connection may be idle. Its next request header must be complete by then.
IDLE_SECONDS = 10.0
# A connection that has been idle for less makes no room for others: its request may be on its way.
YOUNG_SECONDS = 0.5
# Longest header of a request, the request line included. h11 has the same limit.
HEADER_BYTES = 16_384
# Longest body of a request. No endpoint reads one.
BODY_BYTES = 65_536
# How long an answer may wait for a client that does not read, or reads too slowly.
UNREAD_SECONDS = 30.0
# Connections beyond the limit that may ask for the health pages.
RESERVE = 32
HEALTH_PATHS = {"/healthz", "/readyz"}
REFUSED = {"error": "Too many connections"}
# Data is taken in pieces of this size, so that a limit is noticed in time.
_PIECE = 4096
# All connections are looked through for idle ones this often at most.
_SEARCH_SECONDS = 0.02
_parse = _Protocol.data_received
# httptools keeps a header until it is complete, however long it is. h11 has a limit of its own.
_COUNTS = hasattr(_Protocol, "on_header")
_CLOSE = (b"connection", b"close")


class Gate:
    """Keeps the connections of one server within the limits.

    Args:
        connections: most connections in all.
        per_address: most connections of a client address, for IPv6 of a /64 network; 0: no limit.

    Attributes:
        connections: as given.
        refused: connections refused since the start: `total` and `address` name the limit.
        dropped: connections ended since the start: `evicted` to make room for another, or for
            `header_size`, `header_time`, `body_size` or `slow_reader`.

    """

    def __init__(self, connections: int, per_address: int) -> None:
        self.connections = connections
        self.refused = Counter(total=0, address=0)
        self.dropped = Counter(evicted=0, header_size=0, header_time=0, body_size=0, slow_reader=0)
        self._per_address = per_address
        self._open: dict[_Limited, None] = {}
        self._reserve: dict[_Limited, None] = {}
        self._of_address: defaultdict[str, dict[_Limited, None]] = defaultdict(dict)
        # Idle connections, the longest idle first, each with its last request.
        self._idle: deque[tuple[_Limited, object]] = deque()
        self._searched_at = float("-inf")

    def __len__(self) -> int:
        return len(self._open) + len(self._reserve)

    def enter(self, connection: _Limited) -> bool:
        """Let a connection in; tell whether it may ask for more than the health pages."""
        neighbours = self._of_address[connection.address]
        if connection.address and 0 < self._per_address <= len(neighbours):
            full = "" if self._evict_one_of(neighbours, YOUNG_SECONDS) else "address"
        elif len(self._open) >= self.connections:
            full = "" if self._evict_longest_idle() else "total"
        else:
            full = ""
        if full:
            self.refused[full] += 1
            if len(self._reserve) >= RESERVE and not self._evict_one_of(self._reserve, 0):
                connection.transport.abort()
            self._reserve[connection] = None
        else:
            self._open[connection] = None
            self._of_address[connection.address][connection] = None
        return not full

    def leave(self, connection: _Limited) -> None:
        """Forget a connection that has ended."""
        self._open.pop(connection, None)
        self._reserve.pop(connection, None)
        neighbours = self._of_address[connection.address]
        neighbours.pop(connection, None)
        if not neighbours:
            del self._of_address[connection.address]

    def sweep(self) -> None:
        """Drop the connections that take too long. To be called about once a second."""
        now = time.monotonic()
        for connection in (*self._open, *self._reserve):
            idle_since = connection.idle_since(now)
            if now - connection.unread_since(now) > UNREAD_SECONDS:
                self.drop(connection, "slow_reader")
            elif idle_since is not None and now - idle_since > IDLE_SECONDS:
                self.drop(connection, "header_time")

    def drop(self, connection: _Limited, reason: str) -> None:
        """End a connection at once."""
        self.dropped[reason] += 1
        self.leave(connection)
        # A close would wait until the client has read everything.
        connection.transport.abort()

    def _evict_one_of(self, few: Iterable[_Limited], least_idle: float) -> bool:
        """Drop the longest idle of a few connections; tell if there is one."""
        idle = _idle_ones(few, time.monotonic(), least_idle)
        if idle:
            self.drop(idle[0], "evicted")
        return bool(idle)

    def _evict_longest_idle(self) -> bool:
        """Drop the longest idle connection of all; tell if there is one."""
        now = time.monotonic()
        if not self._idle and now - self._searched_at > _SEARCH_SECONDS:
            self._searched_at = now
            found = _idle_ones(self._open, now, YOUNG_SECONDS)
            self._idle.extend((connection, connection.cycle) for connection in found)
        while self._idle:
            connection, last_request = self._idle.popleft()
            still_idle = connection.cycle is last_request and connection.idle_since(now) is not None
            if connection in self._open and still_idle:
                self.drop(connection, "evicted")
                return True
        return False


def _idle_ones(connections: Iterable[_Limited], now: float, least_idle: float) -> list[_Limited]:
    """Return the connections that have been idle for so many seconds, the longest idle first."""
    since = [(one.idle_since(now), one) for one in connections]
    idle = [(at, one) for at, one in since if at is not None and now - at >= least_idle]
    return [one for _, one in sorted(idle, key=lambda found: found[0])]


class _Limited(_Protocol):
    """uvicorn's protocol within the limits of a gate.

    The figures are answered tens of thousands of times a second. So a request costs one comparison
    here, and the gate finds out everything else by looking at the connections.
    """

    gate: Gate
    app: Any
    address = ""
    _idle_since = 0.0
    _last_request: object = None
    _unread_since: float | None = None
    _counted_after: object = None
    _bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._idle_since = time.monotonic()
        self.address = _network_of(self.client[0]) if self.client else ""
        if not self.gate.enter(self):
            self.app = only_health(self.app)

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self.gate.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take data from the client, piece by piece."""
        if len(data) > _PIECE:
            for start in range(0, len(data), _PIECE):
                if not self.transport.is_closing():
                    self.data_received(data[start : start + _PIECE])
            return
        request = self.cycle
        is_body = request is not None and request.more_body
        _parse(self, data)
        if self.cycle is request and _COUNTS:
            self._count(len(data), is_header=not is_body)
            if is_body and not request.more_body:
                self._bytes = 0  # the body is complete

    def idle_since(self, now: float) -> float | None:
        """Return since when no request has been in progress; None if one is."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            return None
        if cycle is not self._last_request:
            self._last_request, self._idle_since = cycle, now
        return self._idle_since

    def unread_since(self, now: float) -> float:
        """Return since when the client has not read all that was sent; the present if it has."""
        if self.transport.get_write_buffer_size() == 0:
            self._unread_since = None
            return now
        if self._unread_since is None:
            self._unread_since = now
        return self._unread_since

    def _count(self, size: int, *, is_header: bool) -> None:
        """Count data that completed no header, and end the connection if it is too much."""
        request = self.cycle
        if self._counted_after is not request:
            self._counted_after, self._bytes = request, 0
        self._bytes += size
        if self._bytes <= (HEADER_BYTES if is_header else BODY_BYTES):
            return
        if is_header and self.idle_since(time.monotonic()) is not None:
            self.gate.dropped["header_size"] += 1
            self.transport.write(_too_large(self.server_state.default_headers))
            self.transport.close()
        else:
            self.gate.drop(self, "header_size" if is_header else "body_size")


def protocol(gate: Gate) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol within the limits of a gate: httptools if it is there, else h11."""
    return type("Connection", (_Limited,), {"gate": gate})


def only_health(app: ASGIApp) -> ASGIApp:
    """Return an application that answers 503, except for the health pages of `app`."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        send = adding([_CLOSE], send)
        if scope["path"] in HEALTH_PATHS:
            await app(scope, receive, send)
            return
        for message in json_response(503, REFUSED, (b"retry-after", b"5")):
            await send(message)

    return limited


def _network_of(address: str) -> str:
    """Return what stands for a client: an IPv4 address, or the /64 network of an IPv6 address."""
    if ":" not in address:
        return address
    ip = ipaddress.IPv6Address(address.partition("%")[0])
    return str(ip.ipv4_mapped or ipaddress.IPv6Network((ip, 64), strict=False))


def _too_large(headers: list[tuple[bytes, bytes]]) -> bytes:
    lines = [b"HTTP/1.1 431 Request Header Fields Too Large", *map(b": ".join, headers)]
    return b"\r\n".join([*lines, b"content-length: 0", b"connection: close", b"", b""])
