"""The other nodes of Citus, on which vessel activity follows the shards of the source tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    import psycopg


class Node(NamedTuple):
    """A node of Citus besides the coordinator.

    Attributes:
        name: host and port, as the coordinator knows them.
        url: the same database there. Role and password are those for the coordinator.

    """

    name: str
    url: str


def others(connection: psycopg.Connection, url: str) -> list[Node]:
    """Return the nodes that can follow their shards; none without Citus.

    Args:
        connection: a connection to the database.
        url: the URL of that connection.

    """
    if not has_function(connection, "shard_nodes()"):
        return []
    rows = connection.execute("select host, port from vessel_activity.shard_nodes()").fetchall()
    return [Node(f"{host}:{port}", make_conninfo(url, host=host, port=port)) for host, port in rows]


def joined(connection: psycopg.Connection) -> int:
    """Return how many members of this database follow their shards."""
    row = connection.execute(
        "select pg_catalog.count(*) from vessel_activity.member as m where m.has_shards"
    ).fetchone()
    return row[0] if row else 0


def has_function(connection: psycopg.Connection, name: str) -> bool:
    """Return whether a function of vessel activity is installed."""
    return connection.execute(
        "select pg_catalog.to_regprocedure('vessel_activity.' || %s) is not null", (name,)
    ).fetchone() == (True,)
