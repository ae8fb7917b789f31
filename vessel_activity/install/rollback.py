"""Removes vessel activity from a database. The steps are the files of sql/rollback/."""

from __future__ import annotations

from vessel_activity.database.connections import name_of
from vessel_activity.install import indexes, locks, pg_cron
from vessel_activity.install.session import alone
from vessel_activity.paths import ROLLBACK


def rollback(url: str) -> None:
    """Remove vessel activity and its simulated vessels; the source tables and all other rows stay.

    Raises:
        MigrationError: the server is a standby, or another migrate or rollback does not end.
        psycopg.Error: other objects are built on vessel activity, or the database refuses a step.

    """
    with alone(url, purpose="rollback") as connection:
        connection.execute(step("1-refuse"))
        pg_cron.unschedule(connection, url)
        for (drop,) in connection.execute(step("2-indexes")).fetchall():
            indexes.run_concurrently(connection, url, drop)
        with connection.transaction():
            connection.execute(locks.for_removal().encode())
            connection.execute(step("3-remove"))
    print(f"vessel activity is removed from {name_of(url)}; the source tables stay")


def step(name: str) -> str:
    """Return the text of a file of sql/rollback/."""
    return (ROLLBACK / f"{name}.sql").read_text(encoding="utf-8")
