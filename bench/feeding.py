"""Measure `vessel-activity feed` as a user runs it: messages per second, CPU, memory and delay.

A thread sends NMEA over TCP, as a receiver does. The messages are those of ten thousand ships, and
differ. The feed has one core to itself.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from bench.cluster import DATA, BenchError
from bench.report import Figure
from bench.showing import showing
from tests.support import ais
from tests.support.feeding import TcpServer, wait_until
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.report import Report
    from vessel_activity.database.local_server import LocalServer

_DATABASE = "feeding"
_SHIPS = 10_000
_STEADY_RATE = 1_000
_FULL_RATE = 10_000
_STEPS = 20  # a second
_POLL_SECONDS = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Amount:
    """How much is sent.

    Attributes:
        burst: messages that are sent as fast as they are taken; a multiple of 1,000.
        steady_seconds: how long 1,000 messages a second are sent.
        full_seconds: how long 10,000 messages a second are sent.
        shown: how many reports are followed to the dashboard.

    """

    burst: int = 100_000
    steady_seconds: int = 30
    full_seconds: int = 60
    shown: int = 20


def feeding(server: LocalServer, report: Report, rounds: int, amount: Amount) -> None:
    """Feed a burst several times, then steady streams. Record rates, CPU, memory and delays."""
    lines = ais.varied(amount.burst, _SHIPS)
    with _database(server) as url:
        for number in range(rounds + 1):  # the first round is a warm-up
            rate, cpu_us = _burst(url, lines)
            if number:
                report.add("feed, messages/s", rate)
                report.add("feed, CPU a message, us", cpu_us)
        percent, delay, _ = _stream(url, lines, _STEADY_RATE, amount.steady_seconds)
        _, _, megabytes = _stream(url, lines, _FULL_RATE, amount.full_seconds)
        _cleared(url)
        showing(url, report, amount.shown)
    report.figures += [
        Figure(
            "feed: messages/s decoded and filed", report.median("feed, messages/s"), "/s",
            at_least=12_000,
        ),
        Figure("feed: CPU of the feed a message", report.median("feed, CPU a message, us"), "us"),
        Figure("feed: CPU of the feed at 1,000 messages/s", percent, "%", at_most=15),
        Figure("feed: arrival to row at 1,000 messages/s, p99", delay, "s", at_most=1.5),
        Figure(
            f"feed: memory at 10,000 messages/s for {amount.full_seconds} s", megabytes, "MB",
            at_most=120,
        ),
    ]  # fmt: skip


@contextmanager
def _database(server: LocalServer) -> Iterator[str]:
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"drop database if exists {_DATABASE} with (force)")
        admin.execute(f"create database {_DATABASE}")
        with contextlib.redirect_stdout(io.StringIO()):
            migrate.migrate(server.url(_DATABASE))
        yield server.url(_DATABASE)
        admin.execute(f"drop database {_DATABASE} with (force)")


@contextmanager
def _feed(url: str, address: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the feed on one core, with a data folder of its own."""
    folder = DATA / f"feed-{os.getpid()}"
    core = {max(os.sched_getaffinity(0))}
    process = subprocess.Popen(
        [sys.executable, "-m", "vessel_activity", "feed", f"tcp://{address}?name=bench"],
        env={**os.environ, "DATABASE_URL": url, "VESSEL_ACTIVITY_DATA_DIR": str(folder)},
        stderr=subprocess.DEVNULL,
    )
    try:
        os.sched_setaffinity(process.pid, core)
        yield process
        process.terminate()
        if process.wait(30) != 0:
            raise BenchError("vessel-activity feed failed")
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _cleared(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("truncate public.vessels, public.vessel_positions cascade")
        connection.execute("truncate vessel_activity.feed cascade")


def _filed(connection: psycopg.Connection) -> int:
    """Return how many lines are filed."""
    row = connection.execute("select coalesce(sum(lines), 0) from vessel_activity.feed").fetchone()
    return int(row[0]) if row else 0


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_mb(process: subprocess.Popen[bytes]) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def _second(lines: list[bytes], at: int, first: int, count: int) -> bytes:
    """Write the lines of a second, each with its time."""
    block = ais.tagged(f"c:{at}", b"")
    chosen = (lines[(first + place) % len(lines)] for place in range(count))
    return b"".join(block + line + b"\r\n" for line in chosen)


def _burst(url: str, lines: list[bytes]) -> tuple[float, float]:
    """Send many messages as fast as they are taken; return messages/s, and CPU us a message."""
    _cleared(url)
    began_at = int(time.time()) - 3600
    text = b"".join(
        _second(lines, began_at + number, number * 1000, 1000)
        for number in range(len(lines) // 1000)
    )
    with (
        TcpServer() as tcp,
        psycopg.connect(url, autocommit=True) as look,
        _feed(url, tcp.address) as process,
    ):
        tcp.wait_for_client()
        time.sleep(1)
        cpu, began = _cpu_seconds(process), time.perf_counter()
        tcp.send_bytes(text)
        wait_until(lambda: _filed(look) >= len(lines), "all lines are filed", 300)
        seconds = time.perf_counter() - began
        cpu = _cpu_seconds(process) - cpu
        row = look.execute(
            "select messages, messages = positions + statics from vessel_activity.feed"
        ).fetchone()
    if row is None or not row[1]:
        raise BenchError(f"each message should be a position or static data: {row}")
    return row[0] / seconds, cpu / row[0] * 1e6


def _stream(url: str, lines: list[bytes], rate: int, seconds: int) -> tuple[float, float, float]:
    """Send at a steady rate. Return CPU in percent, p99 of the delay in s, peak memory in MB."""
    _cleared(url)
    sent: list[tuple[float, int]] = []
    with (
        TcpServer() as tcp,
        psycopg.connect(url, autocommit=True) as look,
        _feed(url, tcp.address) as process,
    ):
        tcp.wait_for_client()
        time.sleep(2)

        def send() -> None:
            began = time.perf_counter()
            for step in range(seconds * _STEPS):
                count = rate // _STEPS
                text = _second(lines, int(time.time()), step * count, count)
                time.sleep(max(0.0, began + step / _STEPS - time.perf_counter()))
                tcp.send_bytes(text)
                sent.append((time.perf_counter(), count))

        sender = threading.Thread(target=send)
        cpu, began = _cpu_seconds(process), time.perf_counter()
        sender.start()
        seen: list[tuple[float, int]] = []
        while sender.is_alive() or seen[-1][1] < rate * seconds:
            seen.append((time.perf_counter(), _filed(look)))
            if seen[-1][0] > began + 3 * seconds + 60:
                raise BenchError(f"only {seen[-1][1]} of {rate * seconds} lines are filed")
            time.sleep(_POLL_SECONDS)
        percent = (_cpu_seconds(process) - cpu) / (time.perf_counter() - began) * 100
        return percent, _p99(sent, seen), _peak_mb(process)


def _p99(sent: list[tuple[float, int]], seen: list[tuple[float, int]]) -> float:
    """Return how long 99 of 100 lines took at most until they were seen."""
    delays: list[float] = []
    total = place = 0
    for at, count in sent:
        total += count
        while seen[place][1] < total:
            place += 1
        delays += [seen[place][0] - at] * count
    return sorted(delays)[len(delays) * 99 // 100]
