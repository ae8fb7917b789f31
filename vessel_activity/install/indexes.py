"""Builds the two indexes that the figures need, without keeping writers out."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from vessel_activity.database.connections import connect
from vessel_activity.database.errors import describe
from vessel_activity.install.locks import tell
from vessel_activity.install.session import LOCK_TIMEOUT, PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

_SILENT_SECONDS = 5.0
# An extension may refuse to build an index concurrently on its own kind of table.
_REFUSALS = (
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.WrongObjectType,
    psycopg.errors.ObjectNotInPrerequisiteState,
)


def build(connection: psycopg.Connection, url: str) -> None:
    """Build the missing indexes, and print each; if a build waits long, print for which session.

    Args:
        connection: an autocommit connection.
        url: the URL of that connection. Another connection watches whether it waits.

    Raises:
        psycopg.errors.LockNotAvailable: other transactions did not end in time.

    """
    steps = connection.execute(
        "select index_name, ddl from vessel_activity.missing_indexes()"
    ).fetchall()
    (table,) = connection.execute(
        "select vessel_activity.actual_table('vessel_positions')"
    ).fetchone() or (None,)
    for name in sorted({name for name, _ in steps}):
        ddls = [ddl for of, ddl in steps if of == name]
        if all(ddl.startswith("comment ") for ddl in ddls):
            for ddl in ddls:  # a migrate was killed after it had built the index
                connection.execute(ddl)
            continue
        print(
            f"index: building {name} on {table}, without blocking writers",
            flush=True,
        )
        try:
            for ddl in ddls:
                if " concurrently " in ddl:
                    run_concurrently(connection, url, ddl)
                else:
                    connection.execute(ddl)
        except _REFUSALS as error:
            print(
                f"index: left out: {name}: {describe(error)}; create it in the way that the table "
                "needs, since computing the figures is slow without it",
                flush=True,
            )
        else:
            print(f"index: {name} built", flush=True)


def run_concurrently(connection: psycopg.Connection, url: str, ddl: str) -> None:
    """Run a statement that builds or drops an index concurrently, and print for whom it waits.

    It waits for every transaction that began before it, and keeps no writer waiting. So it may wait
    for long. An index that it leaves unfinished is found by the next migrate or rollback.

    Raises:
        psycopg.errors.LockNotAvailable: it waited for one transaction for too long.

    """
    with _waiting_told(connection, url):
        connection.execute(f"set lock_timeout = '{PATIENCE_SECONDS:.0f}s'".encode())
        try:
            connection.execute(ddl.encode())
        except psycopg.errors.LockNotAvailable as error:
            error.add_note(
                f"gave up after {PATIENCE_SECONDS:.0f} seconds of waiting for the transactions that"
                " are named above"
            )
            error.add_note(
                "hint: Wait until they have ended, or end their sessions: select"
                " pg_terminate_backend(process). Then run this again, which also removes what is"
                " left of the index."
            )
            raise
        finally:
            if not connection.broken:
                connection.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'".encode())


@contextmanager
def _waiting_told(connection: psycopg.Connection, url: str) -> Iterator[None]:
    """Print on standard error which sessions the connection waits for while the block lasts."""
    ended = threading.Event()
    pid = connection.info.backend_pid
    watch = threading.Thread(target=_tell, args=(url, pid, ended), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _tell(url: str, pid: int, ended: threading.Event) -> None:
    told: set[str] = set()
    while not ended.wait(_SILENT_SECONDS):
        try:
            with connect(url, purpose="migrate watch") as watch:
                blockers = watch.execute(_BLOCKERS, (pid,)).fetchall()
        except psycopg.Error:
            continue  # the build will fail too, and say why
        for (blocker,) in blockers:
            if blocker not in told:
                tell(
                    f"index: waiting for {blocker} to end; gives up after"
                    f" {PATIENCE_SECONDS:.0f} seconds"
                )
                told.add(blocker)


_BLOCKERS = """
    select coalesce(
        pg_catalog.format('process %%s (%%s), a transaction open since %%s', a.pid,
          pg_catalog.concat_ws(', ', 'user ' || a.usename, nullif(a.application_name, '')),
          coalesce(a.xact_start::text, 'a time that this role may not see')),
        'a prepared transaction (select * from pg_prepared_xacts)')
    from pg_catalog.unnest(pg_catalog.pg_blocking_pids(%s)) as b (pid)
    left join pg_catalog.pg_stat_activity as a on a.pid = b.pid
    order by a.xact_start
"""
