"""The database session of a migrate or a rollback: on a fit server, and one at a time."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vessel_activity.database.connections import connect
from vessel_activity.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

OLDEST_MAJOR = 15
ADVISORY_CLASS = 1448100678
"""First key of every advisory lock of vessel activity: 'VAcF'. SQL names the same number once."""

_REFRESH, _MIGRATE = 1, 3
_POLL_SECONDS = 0.1


@contextmanager
def alone(url: str, *, purpose: str) -> Iterator[psycopg.Connection]:
    """Give a connection while no other process migrates or rolls back.

    Refreshes go on, so that a step that waits delays none. A step that must not meet a refresh
    uses `without_refreshes`.

    Raises:
        MigrationError: the server is too old, or is a standby.
        psycopg.Error: the database can't be reached or refuses.

    """
    with connect(url, purpose=purpose) as connection:
        refuse_old(connection.info.server_version)
        if connection.execute("select pg_catalog.pg_is_in_recovery()").fetchone() == (True,):
            raise MigrationError(
                "this server is a standby, which can't be changed; name the primary"
            )
        # The database may have a limit that a step which waits would exceed.
        connection.execute("set statement_timeout = 0")
        with _holding(connection, _MIGRATE):
            yield connection


@contextmanager
def without_refreshes(connection: psycopg.Connection) -> Iterator[None]:
    """Keep other sessions from refreshing while the block lasts. The block must not wait."""
    with _holding(connection, _REFRESH):
        yield


def refuse_old(server_version: int) -> None:
    """Refuse a server that lacks features which the SQL functions use.

    server_version: as libpq gives it, 150004 for 15.4.

    Raises:
        MigrationError: it is older than PostgreSQL 15.

    """
    if server_version < OLDEST_MAJOR * 10_000:
        raise MigrationError(
            f"this is PostgreSQL {server_version // 10_000}; "
            f"vessel activity needs PostgreSQL {OLDEST_MAJOR} or newer"
        )


@contextmanager
def _holding(connection: psycopg.Connection, key: int) -> Iterator[None]:
    """Hold an advisory lock of the session while the block lasts.

    The lock is tried again and again. A statement that waited for it would hold a snapshot, and
    the CREATE INDEX CONCURRENTLY of the process that has the lock would wait for that snapshot.
    """
    lock = (ADVISORY_CLASS, key)
    while connection.execute("select pg_catalog.pg_try_advisory_lock(%s, %s)", lock).fetchone() != (
        True,
    ):
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select pg_catalog.pg_advisory_unlock(%s, %s)", lock)
