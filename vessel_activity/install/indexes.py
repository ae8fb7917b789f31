"""Builds the two indexes that the figures need, without keeping writers out."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from vessel_activity.database.connections import connect
from vessel_activity.database.errors import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_SECONDS = 5.0
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

    """
    steps = connection.execute(
        "select index_name, ddl from vessel_activity.missing_indexes()"
    ).fetchall()
    for name in sorted({name for name, _ in steps}):
        ddls = [ddl for of, ddl in steps if of == name]
        if all(ddl.startswith("comment ") for ddl in ddls):
            for ddl in ddls:  # a migrate was killed after it had built the index
                connection.execute(ddl)
            continue
        print(
            f"index: building {name} on public.vessel_positions, without blocking writers",
            flush=True,
        )
        try:
            with _waiting_told(connection, url):
                for ddl in ddls:
                    connection.execute(ddl)
        except _REFUSALS as error:
            print(
                f"index: left out: {name}: {describe(error)}; create it in the way that the table "
                "needs, since computing the figures is slow without it",
                flush=True,
            )
        else:
            print(f"index: {name} built", flush=True)


@contextmanager
def _waiting_told(connection: psycopg.Connection, url: str) -> Iterator[None]:
    """Print on standard error which sessions the connection waits for while the block lasts.

    A concurrent build waits for every transaction that began before it.
    """
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
    while not ended.wait(_PATIENCE_SECONDS):
        try:
            with connect(url, purpose="migrate watch") as watch:
                blockers = watch.execute(_BLOCKERS, (pid,)).fetchall()
        except psycopg.Error:
            continue  # the build will fail too, and say why
        for (blocker,) in blockers:
            if blocker not in told:
                print(f"index: waiting for {blocker} to end", file=sys.stderr, flush=True)
                told.add(blocker)


_BLOCKERS = """
    select pg_catalog.format('process %%s (%%s), a transaction open since %%s', a.pid,
      pg_catalog.concat_ws(', ', 'user ' || a.usename, nullif(a.application_name, '')),
      coalesce(a.xact_start::text, 'a time that this role may not see'))
    from pg_catalog.unnest(pg_catalog.pg_blocking_pids(%s)) as b (pid)
    join pg_catalog.pg_stat_activity as a on a.pid = b.pid
    order by a.xact_start
"""
