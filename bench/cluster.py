"""The PostgreSQL server of the benchmark, with filled databases that contain vessel activity.

The data is loaded with settings that are fast but not safe. The server then restarts with the
settings of the measurements.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from vessel_activity.database.local_server import LocalServer
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / ".data" / "bench"  # contains one folder for each SIZE

_BOTH = {"shared_buffers": "4GB", "max_wal_size": "16GB", "checkpoint_timeout": "15min"}
# Data that is lost in a crash can be loaded again, so loading needs no durability.
_LOADING = _BOTH | {
    "fsync": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "maintenance_work_mem": "1GB",
}
# The settings of a modest production server. All other settings keep their defaults: autovacuum,
# JIT, fsync and synchronous_commit are on, and checkpoint_completion_target is 0.9.
MEASURED = _BOTH | {
    "wal_level": "replica",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "12GB",
    "track_io_timing": "off",
}


class BenchError(RuntimeError):
    """The benchmark can't run, or the compared approaches disagree; the message says why."""


@dataclass(frozen=True)
class Size:
    """The amount of data: vessels, positions, and the hours that the positions cover."""

    name: str
    fleet: int
    rows: int
    hours: int

    @property
    def megabytes(self) -> int:
        """The most disk space that a run needs in MB, with indexes, added rows and WAL."""
        return 500 + self.rows * 400 // 1_000_000


SIZES = {
    "tiny": Size("tiny", 1_000, 25_000, 25),
    "small": Size("small", 30_567, 1_140_000, 25),
    "dense": Size("dense", 30_567, 44_000_000, 24),
}


def programs() -> Path:
    """Return a folder with the server programs and pgbench. Prefer PostgreSQL 15.

    Raises:
        BenchError: there is no such folder.

    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name != "15")
    on_path = shutil.which("pg_config")
    if on_path is not None:
        told = subprocess.run([on_path, "--bindir"], capture_output=True, text=True, check=False)
        found.append(Path(told.stdout.strip()))
    for folder in found:
        if all((folder / name).exists() for name in ("initdb", "postgres", "pgbench")):
            return folder
    raise BenchError("no folder has initdb, postgres and pgbench: install postgresql-15")


@contextmanager
def running(sizes: Sequence[Size], ids: str, *, keep: bool) -> Iterator[LocalServer]:
    """Run a server during the block. It has one filled database for each size, named after it.

    Args:
        sizes: the sizes of the databases.
        ids: "text" for the source tables of the original product, or "bigint" for the source
            tables that vessel activity creates.
        keep: keep the data for the next run, and use the data that the last run kept.

    Raises:
        BenchError: the server programs are missing, the disk has too little free space, or
            another run of this size is in progress.

    """
    folder = DATA / sizes[0].name
    DATA.mkdir(parents=True, exist_ok=True)
    with (DATA / f"{folder.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchError(
                f"another benchmark of size {folder.name} is running: wait until it ends"
            ) from None
        with _running(folder, sizes, ids, keep=keep) as server:
            yield server


@contextmanager
def _running(folder: Path, sizes: Sequence[Size], ids: str, *, keep: bool) -> Iterator[LocalServer]:
    if not keep:
        remove_left_over(folder)
    folder.mkdir(parents=True, exist_ok=True)
    free, needed = shutil.disk_usage(folder).free // 10**6, sum(s.megabytes for s in sizes)
    if not keep and free < needed * 1.2:
        raise BenchError(
            f"the benchmark needs {needed * 1.2:,.0f} MB under .data/bench, but only {free:,} MB "
            "are free: free some space, or choose a smaller SIZE"
        )
    server = LocalServer(programs(), folder / "server", dict(_LOADING))
    try:
        server.start()
        with psycopg.connect(server.url(), autocommit=True) as connection:
            known = {row[0] for row in connection.execute("select datname from pg_database")}
            for size in sizes:
                if size.name not in known:
                    connection.execute(
                        sql.SQL("create database {}").format(sql.Identifier(size.name))
                    )
                    _fill(server.url(size.name), size, ids)
                else:
                    migrate.migrate(server.url(size.name))
        server.stop()
        server.options = dict(MEASURED)
        server.start()
        yield server
    finally:
        server.stop()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def filled(server: LocalServer, size: Size) -> str:
    """Fill one more database of a running server, unless it is there. Return its URL."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        known = {row[0] for row in connection.execute("select datname from pg_database")}
        if size.name not in known:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(size.name)))
            _fill(server.url(size.name), size, "text")
    return server.url(size.name)


def remove_left_over(folder: Path) -> None:
    """Stop the server of a killed run in the subfolder `server`, and delete the folder."""
    left_over = LocalServer(programs(), folder / "server")
    if left_over.pid() is not None:
        left_over.start()  # takes over the server that is running
        left_over.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _fill(url: str, size: Size, ids: str) -> None:
    started = time.monotonic()
    now = datetime.now(UTC).replace(microsecond=0)
    with psycopg.connect(url, autocommit=True) as connection:
        if ids == "bigint":
            tables = HERE.parent / "migrations" / "0001.sources.sql"
            connection.execute(f"begin; {tables.read_text()}; commit".encode())
            connection.execute("alter table public.vessels drop constraint vessels_pkey")
            connection.execute(
                "alter table public.vessel_positions drop constraint vessel_positions_pkey"
            )
        for name in (f"ids_{ids}.sql", "data.sql"):
            connection.execute((HERE / name).read_text().encode())
        connection.execute("select bench.fill_vessels(%s)", (size.fleet,))
        with connection.transaction():
            # With wal_level minimal, a table truncated in the same transaction needs no WAL.
            connection.execute("truncate public.vessel_positions")
            connection.execute(
                "insert into public.vessel_positions "
                "select * from bench.positions(%s, %s, %s, 1, %s)",
                (now - timedelta(hours=size.hours), now, size.rows, size.fleet),
            )
        connection.execute("select setval('bench.position_number', %s)", (size.rows + 1,))
        for statement in (
            "alter table public.vessels add primary key (id)",
            "create unique index on public.vessels (mmsi)",
            "alter table public.vessel_positions add primary key (id)",
            "create index on public.vessel_positions (timestamp desc)",
            'create index on public.vessel_positions ("vesselId", timestamp)',
            "vacuum (analyze) public.vessels",
            "vacuum (analyze) public.vessel_positions",
        ):
            connection.execute(statement.encode())
    migrate.migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create extension pg_walinspect")
        # The default is to verify every hour, which would disturb the measured refreshes.
        connection.execute("update vessel_activity.settings set verify_interval = '1 day'")
    print(f"{size.name}: {size.rows:,} positions ready after {time.monotonic() - started:.0f} s")
