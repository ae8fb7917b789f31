"""The real server as a process of its own, on a real database, for the server and page tests."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import httpx
import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
PROJECT = Path(__file__).resolve().parent.parent.parent
STATS = "/api/database/vessel-stats-cached"
STREAM = "/api/database/vessel-stats-stream"
ACTIVITY = "/api/database/vessel-activity"
VESSELS = ACTIVITY + "/vessels"
HISTORY = "/api/database/vessel-stats-history"
NINE_KEYS = [
    "activeNow",
    "activeLastHour",
    "activeLast24h",
    "totalVessels",
    "positionsLastHour",
    "vesselTypes",
    "topFlags",
    "speedAvg",
    "updatedAt",
]
# httpx.get would read the certificates of all authorities each time, which takes 40 ms of CPU.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# Numbers that no computation on a test database would give by chance.
FIGURES: dict[str, Any] = {
    "active_now": 4812,
    "active_last_hour": 9377,
    "active_last_24h": 21045,
    "total_vessels": 30567,
    "positions_last_hour": 45678,
    "vessel_types": '{"Cargo": 8934, "Tanker": 6721, "</script><b>": 12, "Unknown": 388}',
    "top_flags": '[{"flag": "PA", "count": 4321}, {"flag": "NO", "count": 1391},'
    ' {"flag": "Atlantis", "count": 77}, {"flag": "Unknown", "count": 9}]',
    "speed_avg": "11.37",
}


@dataclass
class WebServer:
    """Runs server.py as a context manager: started on entering, stopped with SIGTERM on leaving.

    By default the server does not refresh, so that only the test changes the row.
    """

    url: str
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    address: str = ""
    log: str = ""
    code: Path = PROJECT

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def start(self, port: int = 0) -> None:
        """Start the server and wait until it accepts connections."""
        environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "PORT": str(port),
            "VESSEL_ACTIVITY_FALLBACK": "off",
            **self.environment,
        }
        self.process = subprocess.Popen(
            self.command or [sys.executable, str(self.code / "server.py")],
            cwd=self.code,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        announced = threading.Event()
        self._reader = threading.Thread(target=self._read_log, args=(announced,), daemon=True)
        self._reader.start()
        assert announced.wait(30), f"the server did not start:\n{self.log}"
        eventually(lambda: self.get("/healthz").status_code == 200)

    def _read_log(self, announced: threading.Event) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self.log += line
                found = re.search(r"dashboard: (http://\S+)/dashboard/vessels", line)
                if found:
                    self.address = found.group(1)
                    announced.set()

    def stop(self) -> int:
        """Send SIGTERM and return the exit code. A server that hangs fails the test."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(10)
        self._reader.join(5)
        return code

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        self.process.kill()
        self.process.wait(10)
        self._reader.join(5)

    def get(
        self, path: str, headers: dict[str, str] | None = None, *, follow_redirects: bool = False
    ) -> httpx.Response:
        """Ask for a path of this server."""
        return fetch(
            self.address + path, headers=headers, follow_redirects=follow_redirects, timeout=10
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.address.rsplit(":", 1)[1])


def fetch(address: str, **options: Any) -> httpx.Response:  # noqa: ANN401
    """Ask for an address of this machine, without TLS."""
    return httpx.get(address, verify=NO_AUTHORITIES, **options)


def eventually(
    holds: Callable[[], T | Literal[False] | None],
    *,
    within_seconds: float = 10,
    retry_on: type[BaseException] = httpx.ConnectError,
) -> T:
    """Repeat a question until the answer is true, and return it. For states without an event."""
    started = time.monotonic()
    while True:
        with suppress(retry_on):
            value = holds()
            if value:
                return value
        waited = time.monotonic() - started
        assert waited < within_seconds, f"not within {within_seconds} s: {holds}"
        # A question costs CPU that the tests beside this one need, so a long wait asks less often.
        time.sleep(0.02 if waited < 1 else 0.05)


def write_row(
    url: str, *, age: str = "0 seconds", reports_last_minute: object = 761, **changes: object
) -> None:
    """Put one row of known figures into the cache, `age` old, and notify as a refresh does.

    The newest report is not known, so the figures alone tell whether the feed is quiet.
    """
    figures = {**FIGURES, **changes}
    columns, marks = ", ".join(figures), ", ".join(f"%({name})s" for name in figures)
    with psycopg.connect(url) as connection:
        connection.execute("delete from public.vessel_activity_realtime")
        connection.execute(
            f"insert into public.vessel_activity_realtime ({columns}, updated_at)"  # noqa: S608
            f" values ({marks}, clock_timestamp() - %(age)s::interval)",
            {**figures, "age": age},
        )
        connection.execute(
            "insert into vessel_activity.feed_truth (as_of, reports_last_minute, positions_ahead)"
            " values (clock_timestamp() - %(age)s::interval, %(reports)s, 0)"
            " on conflict (only_row) do update"
            " set as_of = excluded.as_of, reports_last_minute = excluded.reports_last_minute",
            {"age": age, "reports": reports_last_minute},
        )
        connection.execute("notify vessel_activity")


def put_row(web: WebServer, *, age: str = "0 seconds", **changes: object) -> None:
    """Write a row as `write_row` does and wait until the server serves it."""
    write_row(web.url, age=age, **changes)
    expected = row_as_json(web.url)
    try:
        eventually(lambda: web.get(STATS).json() == expected, within_seconds=30)
    except AssertionError as error:
        error.add_note(f"served {web.get(STATS).text}\nexpected {expected}\n{web.log}")
        raise


def row_as_json(url: str) -> dict[str, Any]:
    """Build the expected answer from the row's columns without the SQL of vessel activity."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select active_now, active_last_hour, active_last_24h, total_vessels,"
            " positions_last_hour, vessel_types, top_flags, speed_avg,"
            " extract(epoch from date_trunc('milliseconds', updated_at))"
            " from public.vessel_activity_realtime"
        ).fetchone()
    assert row is not None
    seconds, milliseconds = divmod(int(row[8] * 1000), 1000)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{milliseconds:03d}Z"
    return dict(zip(NINE_KEYS, [*row[:7], float(row[7]), at], strict=True))
