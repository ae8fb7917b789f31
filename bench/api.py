"""Measure the JSON endpoint under load while refreshes run without a pause."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.cluster import HERE, BenchError
from bench.subject import ROWS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.report import Report
    from bench.subject import Subject

_PATH = "/api/database/vessel-stats-cached"
_CONNECTIONS = 16
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def api(subject: Subject, report: Report, rounds: int, seconds: int) -> None:
    """Run wrk with 16 connections. Record the 99th percentile in ms and requests/s of each round.

    Raises:
        BenchError: wrk is not installed, the server does not answer, or an answer is an error.

    """
    if shutil.which("wrk") is None:
        raise BenchError("wrk is not installed: install wrk, or leave api out of ONLY")
    with _serving(subject.url) as address:
        for _ in range(rounds):
            with _refreshing(subject) as refreshes:
                late, rate = _wrk(address + _PATH, seconds)
            report.add("API p99", late)
            report.add("API, requests/s", rate)
            report.add("API, refreshes/s meanwhile", len(refreshes) / seconds)


@contextmanager
def _serving(url: str) -> Iterator[str]:
    """Run server.py in a separate process during the block, and return its address.

    Its fallback refreshes are off, because the benchmark refreshes.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "PORT": str(port),
        "VESSEL_ACTIVITY_FALLBACK": "off",
    }
    process = subprocess.Popen(
        [sys.executable, str(HERE.parent / "server.py")],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                with urllib.request.urlopen(address + _PATH, timeout=5):  # noqa: S310 - a local address
                    break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        else:
            raise BenchError("server.py did not answer; start it by hand to see its messages")
        yield address
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _refreshing(subject: Subject) -> Iterator[list[float]]:
    """Refresh without a pause during the block, each time after one second of new traffic."""
    stop = threading.Event()
    done: list[float] = []

    def run() -> None:
        while not stop.is_set():
            subject.feed(ROWS_PER_SECOND, 1)
            done.append(subject.refresh()[0])

    worker = threading.Thread(target=run)
    worker.start()
    try:
        yield done
    finally:
        stop.set()
        worker.join()


def _wrk(address: str, seconds: int) -> tuple[float, float]:
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--latency", address]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if late is None or rate is None or "Non-2xx" in told or "Socket errors" in told:
        raise BenchError(f"wrk reported errors or no figures:\n{told}")
    return float(late[1]) * _UNITS[late[2]], float(rate[1])
