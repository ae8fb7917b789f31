"""Installs or upgrades vessel activity in a database.

The order: migrations, functions, indexes, schedule, triggers, one refresh. Every step can be
repeated and can be killed: the next migrate completes whatever is missing. The triggers come late,
so that a failure leaves none behind.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from vessel_activity.database.connections import name_of
from vessel_activity.database.errors import describe
from vessel_activity.install import (
    functions,
    indexes,
    locks,
    migrations,
    nodes,
    pg_cron,
    source_names,
    source_tables,
)
from vessel_activity.install.session import alone
from vessel_activity.install.source_names import KEPT, Names

if TYPE_CHECKING:
    from collections.abc import Iterator


def migrate(
    url: str, *, create: bool = False, names: Names = KEPT, follow_shards: bool = False
) -> None:
    """Bring a database to this version, refresh once, and print what was done.

    On the coordinator of Citus it does the same on the nodes that follow their shards.

    Args:
        url: the database.
        create: whether to create missing source tables even if the database has similar tables.
        names: other names of the source tables and their columns.
        follow_shards: whether the nodes of Citus begin to follow their shards.

    Raises:
        MigrationError: the server is too old or a standby, or the database has another version
            of vessel activity that can't be upgraded.
        psycopg.Error: the database has similar tables and `create` is false, or it refuses a step.
            The steps before it stand, and the next migrate goes on from there.

    """
    with alone(url, purpose="migrate") as connection:
        with _failures_on_disk(connection):
            source_names.find(connection, names)
            missing = source_tables.missing(connection)
            source_tables.allow(connection, create=create)
            applied = migrations.apply(url, connection)
            print(f"migrations: {', '.join(applied) if applied else 'none pending'}")
            print(f"functions: {functions.install(connection)} installed")
        connection.execute(functions.DROP_SUPERSEDED)
        if missing:
            print(f"tables: created {', '.join(missing)}")
            if similar := source_tables.similar(connection, missing):
                print(f"tables: not used, although similar: {', '.join(similar)}")
        indexes.build(connection, url)
        print(f"schedule: {pg_cron.schedule(connection, url)}")
        _migrate_others(connection, url, names, begin=follow_shards)
        with _no_triggers_after_failure(connection):
            for problem in _put_triggers(connection):
                print(
                    f"triggers: left out: {problem}; refreshes compute by the definition, "
                    "and `vessel-activity status` says what to do"
                )
            row = locks.patiently(connection, lambda: _refresh(connection))
    if row is not None:
        print(f"refreshed: {row[0]} vessels active in the last hour, {row[1]} in the fleet")
    print(f"{name_of(url)} is ready")


def _migrate_others(connection: psycopg.Connection, url: str, names: Names, *, begin: bool) -> None:
    """Migrate the nodes of Citus that follow their shards, before the coordinator asks them."""
    others = nodes.others(connection, url)
    joined = nodes.joined(connection)
    if not begin and not joined:
        return
    if begin and not others:
        print("nodes: there are none that could follow their shards; docs/scaling.md says when")
    for node in others:
        print(f"node {node.name}:")
        try:
            migrate(node.url, names=names)
        except psycopg.OperationalError as error:
            print(
                f"node {node.name} can't be reached from here: {describe(error)}; "
                "run `vessel-activity migrate` with its address"
            )
    if joined < len(others):
        print(
            "members: refreshes ask all shards by the definition until each of these nodes is a "
            f"member: {', '.join(node.name for node in others)}; docs/scaling.md says how"
        )


def _put_triggers(connection: psycopg.Connection) -> list[str]:
    """Put the triggers on the source tables, and return the problems that did not pass."""
    row = connection.execute("call vessel_activity.put_triggers(null)").fetchone()
    return list(row[0]) if row else []


def _refresh(connection: psycopg.Connection) -> tuple[int, int] | None:
    """Refresh once no other refresh runs, and return the first figures."""
    with connection.transaction():
        connection.execute(locks.for_changes().encode())
        return connection.execute(
            "select active_last_hour, total_vessels from vessel_activity.refresh_now()"
        ).fetchone()


@contextmanager
def _no_triggers_after_failure(connection: psycopg.Connection) -> Iterator[None]:
    """Drop the triggers after a failure in the block, if there were none before it."""
    had_some = connection.execute(
        "select exists (select from vessel_activity.note_triggers())"
    ).fetchone() == (True,)
    try:
        yield
    except BaseException as failure:
        if not had_some and not connection.broken:
            try:
                with connection.transaction():
                    connection.execute(locks.for_removal().encode())
                    connection.execute("select vessel_activity.remove_triggers()")
            except psycopg.Error as error:
                failure.add_note(f"the triggers are still there: {error}")
        raise


@contextmanager
def _failures_on_disk(connection: psycopg.Connection) -> Iterator[None]:
    """After a failure in the block, commit a message that waits until it is on disk.

    PostgreSQL does not start again if it crashes after the creation of an unlogged table was
    rolled back and before that rollback is on disk.
    """
    try:
        yield
    except psycopg.Error:
        if not connection.broken:
            connection.execute("set synchronous_commit = on")
            connection.execute(
                "select pg_catalog.pg_logical_emit_message(true, 'vessel_activity', '')"
            )
        raise
