"""Removes vessel activity from a database. The steps are the files of sql/rollback/."""

from __future__ import annotations

import psycopg

from vessel_activity.database.connections import connect, name_of
from vessel_activity.database.errors import describe
from vessel_activity.install import indexes, locks, nodes, pg_cron
from vessel_activity.install.session import alone
from vessel_activity.paths import ROLLBACK


def rollback(url: str) -> None:
    """Remove vessel activity and its simulated vessels; the source tables and all other rows stay.

    On the coordinator of Citus it is removed from the other nodes first.

    Raises:
        MigrationError: the server is a standby, or another migrate or rollback does not end.
        psycopg.Error: other objects are built on vessel activity, or the database refuses a step.

    """
    with alone(url, purpose="rollback") as connection:
        connection.execute(step("1-refuse"))
        _rollback_others(connection, url)
        pg_cron.unschedule(connection, url)
        for (drop,) in connection.execute(step("2-indexes")).fetchall():
            indexes.run_concurrently(connection, url, drop)
        with connection.transaction():
            connection.execute(locks.for_removal().encode())
            connection.execute(step("3-remove"))
    print(f"vessel activity is removed from {name_of(url)}; the source tables stay")


def _rollback_others(connection: psycopg.Connection, url: str) -> None:
    """Remove vessel activity from the nodes of Citus that follow their shards."""
    for node in nodes.others(connection, url):
        try:
            with connect(node.url, purpose="rollback") as there:
                is_installed = nodes.has_function(there, "shard_nodes()")
            if is_installed:
                rollback(node.url)
        except psycopg.OperationalError as error:
            if nodes.joined(connection):
                print(
                    f"node {node.name} can't be reached from here: {describe(error)}; "
                    "run `vessel-activity rollback` with its address, or its triggers stay"
                )


def step(name: str) -> str:
    """Return the text of a file of sql/rollback/."""
    return (ROLLBACK / f"{name}.sql").read_text(encoding="utf-8")
