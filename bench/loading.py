"""Measure `vessel-activity load` as a user runs it: rows per second, and peak memory."""

from __future__ import annotations

import contextlib
import io
import os
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from bench.cluster import DATA, BenchError
from bench.report import Figure
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from bench.report import Report
    from vessel_activity.database.local_server import LocalServer

_DATABASE = "loading"
_HEADER = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,"
    "Width,Draft,Cargo,TransceiverClass"
)
_FLEET = 10_000
_COUNTRIES = (338, 366, 367, 316, 538, 636, 477, 352)


def loading(server: LocalServer, report: Report, rounds: int, rows: int) -> None:
    """Load one file several times, each time into empty tables. Record rows/s and peak memory.

    The time counts from the start of the process to its end. The memory is that of the Python
    process, without the PostgreSQL server.
    """
    path = DATA / f"load-{os.getpid()}.csv"
    try:
        _write_recording(path, rows)
        for number in range(rounds + 1):  # the first round is a warm-up
            rate, megabytes = _load(server, path, rows)
            if number:
                report.add("load, rows/s", rate)
                report.add("load, peak MB", megabytes)
    finally:
        path.unlink(missing_ok=True)
    report.figures += [
        Figure("make load: rows/s", report.median("load, rows/s"), "/s", at_least=50_000),
        Figure("make load: peak memory", max(report.times["load, peak MB"]), "MB", at_most=150),
    ]


def _load(server: LocalServer, path: Path, rows: int) -> tuple[float, float]:
    """Load the file once. Return rows/s and the peak memory in MB."""
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"drop database if exists {_DATABASE} with (force)")
        admin.execute(f"create database {_DATABASE}")
        with contextlib.redirect_stdout(io.StringIO()):
            migrate.migrate(server.url(_DATABASE))
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "vessel_activity", "load", str(path)],
            env={**os.environ, "DATABASE_URL": server.url(_DATABASE)},
            stdout=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise BenchError("vessel-activity load failed; see its messages above")
        with psycopg.connect(server.url(_DATABASE)) as there:
            row = there.execute(
                "select rows_read, rows_read = rows_loaded + rows_duplicate"
                " from vessel_activity.load"
            ).fetchone()
        admin.execute(f"drop database {_DATABASE} with (force)")
    if row != (rows, True):
        raise BenchError(
            f"vessel-activity load should have read {rows} rows, and counted each as loaded or "
            f"duplicate; rows read, and whether the counts add up: {row}"
        )
    return rows / elapsed, used.ru_maxrss / 1024


def _write_recording(path: Path, rows: int) -> None:
    """Write a file in the format of MarineCadastre. Each vessel reports about once a minute."""
    chance = random.Random(1)
    began = datetime(2022, 1, 3)  # noqa: DTZ001 - the format has no time zone
    with path.open("w", encoding="ascii") as file:
        file.write(_HEADER + "\n")
        for number in range(rows):
            vessel = chance.randrange(_FLEET)
            at = began + timedelta(seconds=number * 60 // _FLEET)
            file.write(
                f"{_COUNTRIES[vessel % len(_COUNTRIES)]}{vessel:06d},{at.isoformat()},"
                f"{chance.uniform(24, 49):.5f},{chance.uniform(-125, -66):.5f},"
                f"{chance.uniform(0, 20):.1f},{chance.uniform(0, 359.9):.1f},511,"
                f"VESSEL {vessel},IMO{9_000_000 + vessel},WDA{vessel % 10_000},"
                f"{(31, 36, 52, 60, 70, 80)[vessel % 6]},0,{20 + vessel % 300},10,3.5,,A\n"
            )
