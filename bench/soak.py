"""Refresh every second while rows arrive. Measure the share of a core and the size of tables."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from bench.subject import ROWS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.report import Report
    from bench.subject import Subject

_STATEMENTS_PER_SECOND = 10
_SAMPLE_SECONDS = 10


def soak(subject: Subject, report: Report, seconds: int) -> None:
    """Refresh every second while 510 rows/s arrive. Record the series "soak".

    The times go under the key "soak refresh". The clock of the subject keeps its distance from
    the clock of the machine.
    """
    _follow(subject, report, seconds, "soak")


def open_transaction(subject: Subject, report: Report, seconds: int) -> None:
    """Do the same while another transaction holds its snapshot. Record the series "open"."""
    with psycopg.connect(subject.url) as idle:
        idle.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        idle.execute("select count(*) from public.vessels")
        _follow(subject, report, seconds, "open")
        idle.rollback()


def _follow(subject: Subject, report: Report, seconds: int, name: str) -> None:
    offset = subject.as_of - datetime.now(UTC)
    backend = subject.refresher.info.backend_pid
    series = report.series.setdefault(name, [])
    recent: list[float] = []
    cpu_before, started = _cpu_seconds(backend), time.monotonic()
    with _feeding(subject, offset):
        for second in range(1, seconds + 1):
            time.sleep(max(0.0, started + second - time.monotonic()))
            subject.as_of = datetime.now(UTC) + offset
            elapsed, _ = subject.refresh()
            recent.append(elapsed)
            report.add_refresh(f"{name} refresh", elapsed, subject.mode)
            if second % _SAMPLE_SECONDS == 0 or second == seconds:
                cpu = _cpu_seconds(backend)
                sizes = subject.sizes()
                inbox = sum(size for table, size in sizes.items() if table.endswith("inbox"))
                series.append(
                    {
                        # Tables come first: if a table is named inbox or state, the sum wins.
                        **{f"{table}_bytes": size for table, size in sizes.items()},
                        "second": second,
                        "inbox_bytes": inbox,
                        "state_bytes": sum(sizes.values()) - inbox,
                        "refresh_ms_mean": round(sum(recent) / len(recent), 2),
                        "refresh_ms_max": round(max(recent), 2),
                        "core_percent": round(
                            (cpu - cpu_before) / (time.monotonic() - started) * 100, 2
                        ),
                    }
                )
                recent = []


@contextmanager
def _feeding(subject: Subject, offset: timedelta) -> Iterator[None]:
    """Insert the traffic in ten statements per second during the block."""
    stop = threading.Event()
    failed: list[BaseException] = []
    step = 1 / _STATEMENTS_PER_SECOND

    def run() -> None:
        try:
            with psycopg.connect(subject.url, autocommit=True) as writer:
                last, due = subject.as_of, time.monotonic()
                while not stop.is_set():
                    now = datetime.now(UTC) + offset
                    writer.execute(
                        "call bench.feed(%s, %s, %s, %s)",
                        (last, now, ROWS_PER_SECOND // _STATEMENTS_PER_SECOND, subject.size.fleet),
                    )
                    last, due = now, due + step
                    stop.wait(max(0.0, due - time.monotonic()))
        except psycopg.Error as error:
            failed.append(error)

    feeder = threading.Thread(target=run)
    feeder.start()
    try:
        yield
    finally:
        stop.set()
        feeder.join()
    if failed:
        raise failed[0]


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a backend so far in seconds, user and system together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
