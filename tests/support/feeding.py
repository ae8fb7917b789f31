"""Servers that speak as the sources of a feed do, and the feed itself as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.rows import dict_row

from tests.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


def wait_until(holds: Callable[[], Any], what: str, seconds: float = 60) -> Any:  # noqa: ANN401
    """Wait until a condition holds, and return what it gives."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < end, f"after {seconds:g} s still not: {what}"
        time.sleep(0.05)


def free_port() -> int:
    """Return a UDP port that nobody uses."""
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class TcpServer:
    """A server that sends lines to whoever connects, as receivers do.

    Attributes:
        port: where it listens.
        connected: how many connections there have been.

    """

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.connected = 0
        self._clients: list[socket.socket] = []
        self._changed = threading.Condition()
        self._on_connect: Callable[[socket.socket], None] | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def on_connect(self, work: Callable[[socket.socket], None]) -> None:
        """Do this with each new connection."""
        self._on_connect = work

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self._clients.append(client)
                self.connected += 1
                self._changed.notify_all()
            if self._on_connect is not None:
                with suppress(OSError):
                    self._on_connect(client)

    def wait_for_client(self, number: int = 1) -> None:
        """Wait until so many connections have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.connected >= number, 60)

    def send(self, *lines: bytes) -> None:
        """Send lines to the newest connection."""
        self.wait_for_client()
        self._clients[-1].sendall(b"".join(line + b"\r\n" for line in lines))

    def send_bytes(self, text: bytes) -> None:
        """Send bytes to the newest connection."""
        self.wait_for_client()
        self._clients[-1].sendall(text)

    def drop(self) -> None:
        """Close all connections; go on listening."""
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()
        self._clients.clear()

    def close(self) -> None:
        """Close everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()


@dataclass
class Feed:
    """`vessel-activity feed` as a process, started on entering and stopped with SIGTERM."""

    url: str
    folder: Path
    sources: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    stdin: int | None = None
    code: int | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vessel_activity", "feed", *self.sources],
            cwd=PROJECT,
            env={
                **os.environ,
                "DATABASE_URL": self.url,
                "VESSEL_ACTIVITY_DATA_DIR": str(self.folder),
                **self.environment,
            },
            stdin=self.stdin,
            stderr=self._log,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._log.close()

    @property
    def log(self) -> str:
        """What the feed has written to its log."""
        return (self.folder / "log").read_text()

    def stop(self) -> float:
        """Stop with SIGTERM; return how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.code = self.process.wait(60)
        return time.monotonic() - began

    def kill(self) -> None:
        """Kill it, as kill -9 does."""
        self.process.kill()
        self.process.wait(60)

    def end(self) -> int:
        """Wait until it ends by itself; return its exit code."""
        self.code = self.process.wait(120)
        return self.code

    def memory_mb(self) -> float:
        """Return the resident memory."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:  # noqa: PTH123
            line = next(line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


@contextmanager
def rows_of(url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """Open a connection whose rows are dictionaries."""
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def feed_row(url: str, name: str) -> dict[str, Any]:
    """Return the row of a source in vessel_activity.feed; empty if there is none."""
    with rows_of(url) as connection:
        return (
            connection.execute(
                "select * from vessel_activity.feed where source = %s", (name,)
            ).fetchone()
            or {}
        )


def positions(url: str) -> list[tuple[Any, ...]]:
    """Return MMSI, time, latitude, longitude, speed and course of all positions, in order."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            """
            select v.mmsi::text, p."timestamp", p.latitude::float8, p.longitude::float8,
              p.speed::text, p.course::text
            from public.vessel_positions as p
            join public.vessels as v on v.id = p."vesselId"
            order by 2, 1
            """
        ).fetchall()


def count_of_positions(url: str) -> int:
    """Return the number of positions."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from public.vessel_positions").fetchone()
    return int(row[0]) if row else 0
