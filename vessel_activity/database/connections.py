"""Every connection to the database is opened here: one opener for commands, one for the server.

The server and the refresh loop never wait without a limit. Who waits gives `in_time` the limit.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import LiteralString

T = TypeVar("T")

# A command may wait for a distant database. The server must know soon, and tries again.
_COMMAND_TIMEOUT_SECONDS = 10
_SERVER_TIMEOUT_SECONDS = 5
# After so much silence the network is asked whether the other side is still there. Without these, a
# connection that was cut would be found dead after two hours, and one with unsent data after a
# quarter of an hour. A Unix socket needs none of them.
_KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
_COMMAND_UNSENT_MS = 30_000
_SERVER_UNSENT_MS = 10_000
# The same for the database server: it ends a session whose client is gone, also in the middle of a
# statement. They are set for the session. Behind a pooler they stay with the session of the pool,
# where they do no harm. An operating system may lack some of them.
_WATCH = (
    "set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3",
    "set tcp_user_timeout = '10s'",
    "set client_connection_check_interval = '2s'",
)
_WATCH_SECONDS = 5.0
# How long a statement may take to end once its task is cancelled, before its connection is cut.
CANCEL_SECONDS = 2.0

AsyncSession = psycopg.AsyncConnection[dict[str, Any]]
"""A connection of the server. Its rows are dictionaries."""


def connect(url: str, *, purpose: str) -> psycopg.Connection:
    """Open an autocommit connection for a command. Of several hosts, the primary is chosen.

    Args:
        url: libpq URL.
        purpose: what the connection is for. `pg_stat_activity` shows it as application_name, after
            "vessel-activity ".

    Raises:
        psycopg.OperationalError: the database can't be reached, or refuses the connection.

    """
    settings = _conninfo(url, purpose, _COMMAND_TIMEOUT_SECONDS, _COMMAND_UNSENT_MS, writable=True)
    connection = psycopg.connect(settings, autocommit=True)
    # The database may have another default, and a snapshot older than the refresh's instant would
    # give wrong figures.
    # With quote_all_identifiers = on, the texts of types could not be compared.
    connection.execute(
        "set default_transaction_isolation = 'read committed'; set quote_all_identifiers = off"
    )
    return connection


async def connect_async(
    url: str,
    *,
    purpose: str,
    writable: bool = False,
    target: str | None = None,
    lasting: bool = False,
) -> AsyncSession:
    """Open an autocommit connection for the server.

    Args:
        url: libpq URL.
        purpose: what the connection is for, as in `connect`.
        writable: whether the primary must be chosen if the URL names several hosts.
        target: libpq's target_session_attrs. It is used if the URL names none.
        lasting: whether the connection stays open. The database server then watches its client.

    Raises:
        psycopg.OperationalError: the database can't be reached, or refuses the connection.
        TimeoutError: it took longer than libpq's connect_timeout for each host allows.

    """
    settings = _conninfo(
        url, purpose, _SERVER_TIMEOUT_SECONDS, _SERVER_UNSENT_MS, writable=writable, target=target
    )
    given = conninfo_to_dict(settings)
    hosts = str(given.get("host") or given.get("hostaddr") or "").count(",") + 1
    # libpq's limit covers neither a name server that does not answer nor several addresses a host.
    limit = max(2.0, float(given["connect_timeout"] or 0)) * hosts + 5
    try:
        async with asyncio.timeout(limit):
            # prepare_threshold=None: a prepared statement would break behind a transaction pooler.
            session = await psycopg.AsyncConnection.connect(
                settings, autocommit=True, prepare_threshold=None, row_factory=dict_row
            )
    except TimeoutError:
        raise TimeoutError(f"no connection within {limit:g} s") from None
    if lasting:
        await _watch(session)
    return session


async def _watch(session: AsyncSession) -> None:
    """Let the database server watch its client."""
    for setting in _WATCH:
        try:
            # A server that refuses it works all the same.
            with suppress(psycopg.Error):
                await in_time(session, session.execute(setting), _WATCH_SECONDS)
        except TimeoutError:
            await session.close()
            raise


async def in_time(session: AsyncSession, work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Await work on a session. If it takes longer, cut the connection.

    psycopg answers a cancelled task by asking the server to cancel, and waits for that. A server or
    a network that does not react would hold up the caller once more.

    Raises:
        TimeoutError: it took longer. The session is of no use any more.

    """
    task = asyncio.ensure_future(work)
    try:
        ended, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        await settle(session, task, CANCEL_SECONDS)
        raise
    if not ended:
        await settle(session, task, 0)
        raise TimeoutError(f"no answer within {seconds:g} s")
    return task.result()


async def settle(session: AsyncSession, task: asyncio.Future[Any], seconds: float) -> None:
    """Wait for a task that uses the session; if it does not end, cut the connection under it."""
    ended, _ = await asyncio.wait({task}, timeout=seconds)
    if not ended:
        _cut(session)
        await asyncio.wait({task}, timeout=CANCEL_SECONDS)
    if task.done() and not task.cancelled():
        task.exception()  # it is known why it failed


def _cut(session: AsyncSession) -> None:
    """Shut the socket of a session down, so that whoever waits for it gets an error at once."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(session.fileno())) as shared:
        shared.shutdown(socket.SHUT_RDWR)


async def last_row(session: AsyncSession, statements: LiteralString) -> dict[str, Any]:
    """Run several statements in one round trip and one transaction; return the last one's row.

    The server needs nothing more from its client to commit. So a client that is frozen or cut off
    meanwhile keeps no transaction open. `set local` holds for these statements only, so it also
    works behind a transaction pooler.
    """
    cursor = await session.execute(statements)
    while cursor.nextset():
        pass
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - a function with out parameters returns one row
    return row


def name_of(url: str) -> str:
    """Name a database for people: host, port and database, never a password."""
    parts = conninfo_to_dict(url)
    host = parts.get("host") or parts.get("hostaddr") or "local socket"
    if str(host).startswith("/"):
        return f"database {parts.get('dbname')} (socket {host})"
    return f"database {parts.get('dbname')} on {host}:{parts.get('port') or 5432}"


def _find_authorities() -> None:
    """Tell libpq where this system has the certificates of the public authorities.

    The libpq of the package psycopg-binary looks where its builders had them.
    """
    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None:
        os.environ.setdefault(paths.openssl_cafile_env, paths.cafile)
    if paths.capath is not None:
        os.environ.setdefault(paths.openssl_capath_env, paths.capath)


def _conninfo(
    url: str,
    purpose: str,
    timeout_seconds: int,
    unsent_ms: int,
    *,
    writable: bool,
    target: str | None = None,
) -> str:
    """Add to the URL what it leaves open, and the encoding."""
    given = conninfo_to_dict(url)
    if given.get("sslrootcert", os.environ.get("PGSSLROOTCERT")) == "system":
        _find_authorities()
    # Whatever the encoding of the database: otherwise psycopg reads text as bytes in SQL_ASCII, and
    # texts of this package could not be sent to other encodings.
    given["client_encoding"] = "UTF8"
    given.setdefault("application_name", f"vessel-activity {purpose}")
    given.setdefault("connect_timeout", timeout_seconds)
    for name, value in {**_KEEPALIVE, "tcp_user_timeout": unsent_ms}.items():
        given.setdefault(name, value)
    if target is not None:
        given.setdefault("target_session_attrs", target)
    elif writable and "," in str(given.get("host") or ""):
        given.setdefault("target_session_attrs", "read-write")
    return make_conninfo("", **given)
