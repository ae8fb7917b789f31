"""Every connection to the database is opened here: one opener for commands, one for the server."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

# A command may wait for a distant database. The server must know soon, and tries again.
_COMMAND_TIMEOUT_SECONDS = 10
_SERVER_TIMEOUT_SECONDS = 5
_KEEPALIVE = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

AsyncSession = psycopg.AsyncConnection[dict[str, Any]]
"""A connection of the server. Its rows are dictionaries."""


def connect(url: str, *, purpose: str, keepalive: bool = False) -> psycopg.Connection:
    """Open an autocommit connection for a command. Of several hosts, the primary is chosen.

    Args:
        url: libpq URL.
        purpose: what the connection is for. `pg_stat_activity` shows it as application_name, after
            "vessel-activity ".
        keepalive: notice within a minute that the other side has gone without a word.

    Raises:
        psycopg.OperationalError: the database can't be reached, or refuses the connection.

    """
    conninfo = _conninfo(url, purpose, _COMMAND_TIMEOUT_SECONDS, writable=True)
    if keepalive:
        conninfo = make_conninfo(conninfo, **_KEEPALIVE)
    connection = psycopg.connect(conninfo, autocommit=True)
    # The database may have another default, and a snapshot older than the refresh's instant would
    # give wrong figures.
    # With quote_all_identifiers = on, the texts of types could not be compared.
    connection.execute(
        "set default_transaction_isolation = 'read committed'; set quote_all_identifiers = off"
    )
    return connection


async def connect_async(
    url: str, *, purpose: str, writable: bool = False, target: str | None = None
) -> AsyncSession:
    """Open an autocommit connection for the server.

    Args:
        url: libpq URL.
        purpose: what the connection is for, as in `connect`.
        writable: whether the primary must be chosen if the URL names several hosts.
        target: libpq's target_session_attrs. It is used if the URL names none.

    Raises:
        psycopg.OperationalError: the database can't be reached, or refuses the connection.

    """
    # prepare_threshold=None: a prepared statement would break behind a transaction pooler.
    return await psycopg.AsyncConnection.connect(
        _conninfo(url, purpose, _SERVER_TIMEOUT_SECONDS, writable=writable, target=target),
        autocommit=True,
        prepare_threshold=None,
        row_factory=dict_row,
    )


def name_of(url: str) -> str:
    """Name a database for people: host, port and database, never a password."""
    parts = conninfo_to_dict(url)
    host = parts.get("host") or parts.get("hostaddr") or "local socket"
    if str(host).startswith("/"):
        return f"database {parts.get('dbname')} (socket {host})"
    return f"database {parts.get('dbname')} on {host}:{parts.get('port') or 5432}"


def _conninfo(
    url: str, purpose: str, timeout_seconds: int, *, writable: bool, target: str | None = None
) -> str:
    """Add to the URL what it leaves open, and the encoding."""
    given = conninfo_to_dict(url)
    # Whatever the encoding of the database: otherwise psycopg reads text as bytes in SQL_ASCII, and
    # texts of this package could not be sent to other encodings.
    given["client_encoding"] = "UTF8"
    given.setdefault("application_name", f"vessel-activity {purpose}")
    given.setdefault("connect_timeout", timeout_seconds)
    if target is not None:
        given.setdefault("target_session_attrs", target)
    elif writable and "," in str(given.get("host") or ""):
        given.setdefault("target_session_attrs", "read-write")
    return make_conninfo("", **given)
