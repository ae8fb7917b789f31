"""Disk, memory, old snapshots and tables that grow."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg

from chaos.fault import ChaosError, Setup, fault
from chaos.machine import memory_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaos.lab import Lab

_SMALL = {"max_wal_size": "64MB", "min_wal_size": "32MB", "shared_buffers": "32MB"}
_MEMORY_MB = 256
_STREAMS = 1000


def _fill(folder: Path) -> None:
    """Fill a file system to the last block."""
    for name, size in (("filler", "1M"), ("filler2", "4k")):
        subprocess.run(
            ["dd", "if=/dev/zero", f"of={folder / name}", f"bs={size}"],
            check=False,
            capture_output=True,
        )


def _free(folder: Path) -> None:
    for name in ("filler", "filler2"):
        (folder / name).unlink(missing_ok=True)


@fault(
    "the disk of the database is full for 60 s",
    "Refreshes fail as everything does, and go on as soon as there is space.",
    flag="may",
    writers="stopped",
    needs=("namespaces",),
    setup=Setup(small_disk=True, options=_SMALL),
)
def disk_full(lab: Lab) -> None:
    lab.begin()
    _fill(lab.pg.datadir.parent)
    lab.hold(60)
    _free(lab.pg.datadir.parent)
    if lab.pg.pid() is None:
        lab.pg.start()
    lab.end()


@fault(
    "the disk is full and PostgreSQL stops, as it can't write WAL; it is started again after 40 s",
    "The web server connects again. The state is rebuilt if it was lost.",
    writers="stopped",
    needs=("namespaces",),
    setup=Setup(small_disk=True, options=_SMALL),
)
def disk_full_without_wal(lab: Lab) -> None:
    # On a full disk a new session may not be able to start, so this one is opened before.
    with suppress(psycopg.Error), lab.pg.connect() as db:
        lab.begin()
        _fill(lab.pg.datadir.parent)
        deadline = time.monotonic() + 60
        # It first writes the segments of WAL that it had kept.
        while time.monotonic() < deadline and not db.closed:
            with suppress(psycopg.DatabaseError):
                db.execute("select pg_switch_wal()")
                db.execute("select pg_logical_emit_message(true, 'a', repeat('x', 1000000))")
    deadline = time.monotonic() + 30
    while lab.pg.pid() is not None and time.monotonic() < deadline:
        time.sleep(0.1)
    if lab.pg.pid() is not None:
        raise ChaosError("PostgreSQL did not stop, although it can't write WAL")
    lab.hold(40)
    _free(lab.pg.datadir.parent)
    if lab.pg.pid() is None:
        lab.pg.start()
    lab.end()


def _growth(lab: Lab, seconds: float) -> None:
    """Let it last, and compare the inbox and the refreshes with their bounds."""
    began, inbox, slowest = time.monotonic(), 0.0, 0.0
    while time.monotonic() < began + seconds:
        lab.hold(15)
        with lab.pg.connect() as db:
            row = db.execute(
                """
                select vessel_activity.inbox_bytes() / 1048576.0, (
                  select coalesce(max(duration_ms), 0) from vessel_activity.refresh_log
                  where started_at > clock_timestamp() - interval '16 seconds'
                )
                """
            ).fetchone()
        assert row is not None  # noqa: S101 - it returns one row
        inbox, slowest = max(inbox, float(row[0])), max(slowest, float(row[1]))
    lab.note(f"inbox up to {inbox:.1f} MB, refreshes up to {slowest:.0f} ms")
    if inbox > 64:
        lab.problem(f"the inbox grew to {inbox:.0f} MB, bound 64 MB")
    if slowest > 5000:
        lab.problem(f"a refresh took {slowest:.0f} ms, bound 5000 ms")


@fault(
    "a snapshot stays open for 300 s at 550 rows/s",
    "Rows of the inbox can't be vacuumed meanwhile, but refreshes stay quick.",
    flag="never",
    setup=Setup(writers=5),
)
def old_snapshot(lab: Lab) -> None:
    with lab.pg.connect(autocommit=False) as old:
        old.execute("set transaction isolation level repeatable read")
        old.execute("select count(*) from public.vessels")
        lab.begin()
        _growth(lab, 300)
        old.rollback()
    lab.end()


@fault(
    "autovacuum is off for 300 s at 550 rows/s",
    "Refreshes look after the inbox themselves.",
    flag="never",
    setup=Setup(writers=5, options={"autovacuum": "off"}),
)
def autovacuum_off(lab: Lab) -> None:
    lab.begin()
    _growth(lab, 300)
    lab.end()


@fault(
    "a writer fills the inbox beyond its limit of 64 MB in one transaction",
    "No more notes are taken, so the next refreshes use the definition. The status says so.",
    flag="may",
    healed_within=60,
)
def inbox_filled(lab: Lab) -> None:
    with lab.pg.connect("writer") as writer:
        lab.begin()
        writer.execute(
            """
            insert into public.vessel_positions ("vesselId", timestamp, speed, batch)
            select 1 + n % 2000, date_trunc('milliseconds', now() - interval '23 hours'), 5, 0
            from generate_series(1, 1500000) as n
            """
        )
    with lab.pg.connect() as db:
        row = db.execute("select vessel_activity.inbox_bytes() / 1048576").fetchone()
        assert row is not None  # noqa: S101 - it returns one row
        lab.note(f"inbox of {row[0]} MB")
    lab.end()


@fault(
    f"{_MEMORY_MB} MB of memory, {_STREAMS} streams and all requests that the server can answer",
    "Each answer is made once and shared by all clients.",
    # It refreshes every second meanwhile. On a machine with few cores, a refresh may be late.
    flag="may",
    needs=("memory limits", "wrk"),
    setup=Setup(environment={"VESSEL_ACTIVITY_MAX_STREAMS": str(_STREAMS + 10)}),
)
def memory_limited(lab: Lab) -> None:
    web = lab.webs[0]
    with _limited_memory(web.pid), _unread_streams(web.port):
        lab.begin()
        with lab.pg.connect("owner") as db:
            db.execute("select public.vessel_activity_schedule(interval '1 second')")
            address = f"http://127.0.0.1:{web.port}/dashboard/vessels"
            command = ["wrk", "-t1", "-c16", "-d40s", address]
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            db.execute(
                "select public.vessel_activity_schedule(%s * interval '1 second')", (lab.interval,)
            )
        rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
        lab.note(f"{rate[1] if rate else '?'} requests/s, {web.memory_mb():.0f} MB")
        if web.memory_mb() > _MEMORY_MB:
            lab.problem(f"the web server had {web.memory_mb():.0f} MB")
    lab.end()


@contextmanager
def _limited_memory(pid: int) -> Iterator[None]:
    """Limit the memory of a process."""
    group = memory_groups()[0] / f"vessel-activity-chaos-{os.getpid()}-{time.time_ns()}"
    group.mkdir()
    limits = [group / name for name in ("memory.max", "memory.limit_in_bytes")]
    next(file for file in limits if file.exists()).write_text(str(_MEMORY_MB * 2**20))
    (group / "cgroup.procs").write_text(str(pid))
    try:
        yield
    finally:
        with suppress(OSError):
            (group.parent / "cgroup.procs").write_text(str(pid))
            group.rmdir()


@contextmanager
def _unread_streams(port: int) -> Iterator[None]:
    """Open event streams, and never read them."""
    with ExitStack() as stack:
        for number in range(_STREAMS):
            # From many addresses, because one address may have only a few connections.
            source = (f"127.0.1.{number % 200 + 1}", 0)
            client = socket.create_connection(("127.0.0.1", port), 10, source)
            stack.enter_context(client)
            client.sendall(b"GET /api/database/vessel-stats-stream HTTP/1.1\r\nHost: x\r\n\r\n")
        yield
