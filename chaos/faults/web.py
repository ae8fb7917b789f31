"""Attacks on the web server."""

from __future__ import annotations

import http.client
import resource
import socket
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from chaos.fault import Setup, fault
from chaos.reader import get

if TYPE_CHECKING:
    from chaos.lab import Lab

_REQUESTS = 300
_HEADER_MB = 400
_CONNECTIONS = 1256
_MOST_SESSIONS = 5
_MOST_MEMORY_MB = 160
_ADDRESSES = 150


@fault(
    f"{_REQUESTS} clients ask for /metrics at once, for 20 s",
    "All requests share one answer and one connection to the database.",
    flag="never",
    setup=Setup(reconnecting=True),
    fast=True,
)
def metrics_flood(lab: Lab) -> None:
    stop = threading.Event()
    answered = 0

    def ask() -> None:
        nonlocal answered
        while not stop.is_set():
            with suppress(OSError, http.client.HTTPException):
                get(lab.webs[0].port, "/metrics")
                answered += 1
            stop.wait(0.5)

    clients = [threading.Thread(target=ask, daemon=True) for _ in range(_REQUESTS)]
    lab.begin()
    for client in clients:
        client.start()
    most, deadline = 0, time.monotonic() + 20
    while time.monotonic() < deadline:
        most = max(most, len(lab.sessions()))
        time.sleep(0.1)
    stop.set()
    for client in clients:
        client.join(10)
    lab.note(f"{answered} answers, at most {most} sessions of the web server")
    if most > _MOST_SESSIONS:
        lab.problem(f"the web server had {most} sessions, bound {_MOST_SESSIONS}")
    lab.end()


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
        for _ in range(_HEADER_MB):
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
    web, opened = lab.webs[0], 0
    with ExitStack() as stack:
        lab.begin()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if opened < _CONNECTIONS:
                with suppress(OSError):
                    source = (sources[opened % len(sources)], 0)
                    client = stack.enter_context(
                        socket.create_connection(("127.0.0.1", web.port), 0.5, source)
                    )
                    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
                opened += 1
            else:
                time.sleep(0.5)
    lab.end()


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
