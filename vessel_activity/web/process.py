"""The process around the web application: its socket, its open files, uvicorn, its end."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import threading
from typing import TYPE_CHECKING, NoReturn, Protocol

import uvicorn

from vessel_activity.errors import SettingsError
from vessel_activity.settings import address_of
from vessel_activity.supervision import supervised
from vessel_activity.web.limits import RESERVE, UNREAD_SECONDS, Gate, protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from starlette.types import ASGIApp

    from vessel_activity.settings import Settings
    from vessel_activity.web.stream import Stream

log = logging.getLogger("vessel_activity.server")

GRACE_SECONDS = 5
# Enough for any answer. A larger buffer would only hide a client that doesn't read.
SEND_BUFFER_BYTES = 65_536
# Connections that wait to be accepted, such as all browsers that come back after a restart.
BACKLOG = 2048
# Open files beside the connections of clients: the database, the log, the socket, and a few more.
OTHER_FILES = 100
# On every answer, also on errors and redirects.
EVERY_ANSWER = [(b"x-content-type-options", b"nosniff")]


class Application(Protocol):
    """What the process needs of the application."""

    asgi: ASGIApp
    stream: Stream


def serve(
    settings: Settings, make_application: Callable[[Callable[[], None], Gate], Application]
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: where to listen, and for how many clients.
        make_application: makes the application, given what it calls when it has broken, and what
            counts its connections.

    Raises:
        SettingsError: the address can't be listened on.
        SystemExit: the application broke.

    """
    gate = Gate(allow_connections(settings.max_connections), settings.max_connections_per_address)
    try:
        listening = bind(settings.host, settings.port)
    except OSError as error:
        raise SettingsError(
            f"can't listen on {address_of(settings.host, settings.port)} ({error.strerror}); "
            "choose another HOST or PORT"
        ) from None
    server = _Server(make_application, gate)
    address = address_of(settings.host, listening.getsockname()[1])
    log.info("dashboard: http://%s/dashboard/vessels", address)
    server.run([listening])
    if server.broken:
        raise SystemExit(1)


class _Server(uvicorn.Server):
    """uvicorn's server, which stops when the application has broken, its streams first."""

    def __init__(
        self, make_application: Callable[[Callable[[], None], Gate], Application], gate: Gate
    ) -> None:
        self.broken = False
        self._gate = gate
        self._application = make_application(self._break, gate)
        super().__init__(
            uvicorn.Config(
                self._application.asgi,
                interface="asgi3",
                loop="uvloop",
                http=protocol(gate),
                ws="none",
                access_log=False,
                server_header=False,
                headers=[(name.decode(), value.decode()) for name, value in EVERY_ANSWER],
                proxy_headers=False,
                log_config=None,
                backlog=BACKLOG,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )

    def _break(self) -> None:
        self.broken = True

    async def on_tick(self, counter: int) -> bool:
        """Tell, ten times a second, whether to stop: asked to, or because a task has broken."""
        if counter % 10 == 0:
            self._gate.sweep()
        return await super().on_tick(counter) or self.broken

    async def main_loop(self) -> None:
        """Serve until it is time to stop."""
        async with supervised():
            await super().main_loop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking connections, end the streams, finish the requests, stop the tasks."""
        self._application.stream.close()
        await super().shutdown(sockets)


def bind(host: str, port: int) -> socket.socket:
    """Open the listening socket, which takes connections from now on; port 0 means any free one.

    Raises:
        OSError: the address is taken, or is not one of this machine.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A client whose machine or network is gone never says so. Clients that are there, and don't
    # read, the gate drops earlier.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(UNREAD_SECONDS * 2000))
    listening.bind((host, port))
    listening.listen(BACKLOG)
    return listening


def allow_connections(wanted: int) -> int:
    """Raise the process's limit of open files for that many connections; return how many it allows.

    That is less if the system's limit is lower, which the log then says.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = wanted + RESERVE + OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= files:
        return wanted
    most = files if hard == resource.RLIM_INFINITY else min(files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    allowed = max(most - RESERVE - OTHER_FILES, 1)
    if allowed < wanted:
        log.warning(
            "only %d connections are possible, not %d: raise the limit of open files (LimitNOFILE,"
            " ulimit -n) to %d",
            allowed,
            wanted,
            files,
        )
    return min(allowed, wanted)


def stop_on_signals() -> None:
    """End the process in order on SIGTERM and SIGINT, so that an embedded database stops too.

    uvicorn hands the signal on once it has stopped.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)


def before_the_server_stops(close: Callable[[], None]) -> None:
    """Have `close` called on SIGTERM and SIGINT, before the handler of the server that runs this.

    That server may wait for open requests, and a stream ends only when it is told to.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python has no signal handlers in other threads
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def stop(signum: int, frame: FrameType | None, before: signal._HANDLER = before) -> None:
            loop.call_soon_threadsafe(close)
            if callable(before):
                before(signum, frame)

        signal.signal(number, stop)


def _stop(*_: object) -> NoReturn:
    raise SystemExit(0)
