"""Attacks on the web server."""

from __future__ import annotations

import asyncio
import http.client
import resource
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from chaos.fault import Setup, fault
from chaos.reader import get

if TYPE_CHECKING:
    from chaos.lab import Lab

_REQUESTS = 300
_FLOOD_SECONDS = 10
_HEADER_MB = 400
_CONNECTIONS = 1256
_MOST_SESSIONS = 5
_MOST_MEMORY_MB = 160
_ADDRESSES = 150


@fault(
    f"{_REQUESTS} clients ask for /metrics at once, for {_FLOOD_SECONDS} s",
    "All requests share one answer and one connection to the database.",
    flag="never",
    setup=Setup(reconnecting=True),
    fast=True,
)
def metrics_flood(lab: Lab) -> None:
    lab.begin()
    # The connection that counts is opened before, because there may be no place for it then.
    with ThreadPoolExecutor(1) as pool, lab.pg.connect() as db:
        flood = pool.submit(asyncio.run, _ask_together(lab.webs[0].port, _FLOOD_SECONDS))
        most, others, middle = 0, "", time.monotonic() + _FLOOD_SECONDS / 2
        while not flood.done():
            most = max(most, len(lab.sessions(db=db)))
            time.sleep(0.1)
            if not others and time.monotonic() > middle:
                others = _status_for_others(lab.webs[0].port)
    if others != "200":
        lab.problem(f"/metrics was not answered to another address: {others}")
    lab.note(f"{flood.result()} answers, at most {most} sessions of the web server")
    if most > _MOST_SESSIONS:
        lab.problem(f"the web server had {most} sessions, bound {_MOST_SESSIONS}")
    lab.end()


def _status_for_others(port: int) -> str:
    """Ask for /metrics as the monitoring does, from another address than the flood."""
    try:
        return str(get(port, "/metrics", source=("127.0.0.8", 0))[0])
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


async def _ask_together(port: int, seconds: float) -> int:
    """Let many clients ask for /metrics every second; return the number of answers."""
    answered, deadline = 0, time.monotonic() + seconds

    async def ask() -> None:
        nonlocal answered
        while time.monotonic() < deadline:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(5):
                    answer, sending = await asyncio.open_connection("127.0.0.1", port)
                    try:
                        sending.write(
                            b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                        )
                        answered += (await answer.read()).startswith(b"HTTP/1.1 200")
                    finally:
                        sending.close()
            await asyncio.sleep(1)

    await asyncio.gather(*(ask() for _ in range(_REQUESTS)))
    return answered


@fault(
    f"a client sends a header of {_HEADER_MB} MB",
    "The web server ends the connection once a header is too long.",
    flag="never",
    fast=True,
)
def big_header(lab: Lab) -> None:
    web, sent = lab.webs[0], 0
    lab.begin()
    with suppress(OSError), socket.create_connection(("127.0.0.1", web.port), 20) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        deadline = time.monotonic() + 60
        while sent < _HEADER_MB and time.monotonic() < deadline:
            client.sendall(b"a" * 1_000_000)
            sent += 1
    lab.note(f"{sent} MB taken, {web.memory_mb():.0f} MB of memory")
    if web.memory_mb() > _MOST_MEMORY_MB:
        lab.problem(f"the web server had {web.memory_mb():.0f} MB, bound {_MOST_MEMORY_MB} MB")
    lab.end()


def _idle(lab: Lab, sources: list[str]) -> None:
    """Open connections that never send a whole request, and hold them for 60 s."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + 500
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    web, tried = lab.webs[0], 0
    clients: list[socket.socket] = []
    with ExitStack() as stack:
        lab.begin()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if tried < _CONNECTIONS:
                with suppress(OSError):
                    source = (sources[tried % len(sources)], 0)
                    client = stack.enter_context(
                        socket.create_connection(("127.0.0.1", web.port), 0.5, source)
                    )
                    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
                    clients.append(client)
                tried += 1
            else:
                time.sleep(0.5)
        lab.note(f"{len(clients)} connections opened, {len(_still_open(clients))} still open")
    lab.end()


def _still_open(clients: list[socket.socket]) -> list[socket.socket]:
    """Return the connections that the web server has neither ended nor answered."""
    open_ones = []
    for client in clients:
        client.setblocking(False)
        try:
            client.recv(1)
        except BlockingIOError:
            open_ones.append(client)
        except OSError:
            continue
    return open_ones


@fault(
    f"one address opens {_CONNECTIONS} connections that never send a whole request, for 60 s",
    "An address may have only some connections, and a request must come in time.",
    flag="never",
)
def idle_connections(lab: Lab) -> None:
    _idle(lab, ["127.0.0.1"])


@fault(
    f"{_ADDRESSES} addresses open {_CONNECTIONS} connections together, for 60 s",
    "Room is kept for the health pages.",
    flag="may",
)
def idle_connections_of_many(lab: Lab) -> None:
    before = len(lab.reader.samples)
    _idle(lab, [f"127.0.2.{number + 1}" for number in range(_ADDRESSES)])
    unhealthy = [
        sample.warning
        for sample in lab.reader.samples[before:]
        if sample.warning is not None and sample.warning.startswith("/readyz")
    ]
    if unhealthy:
        lab.problem(f"/readyz was not answered {len(unhealthy)} times: {unhealthy[0]}")
