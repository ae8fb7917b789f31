"""Install, upgrade and remove the product in a database: migrations, functions, indexes, schedule.

Every step is safe to repeat and to break off: whatever a killed run leaves, the next one mends.
"""

from __future__ import annotations

import getpass
import os
import socket
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.exceptions import BadMigration

from vessel_activity.database.connections import connect, name_of
from vessel_activity.errors import MigrationError
from vessel_activity.install import indexes
from vessel_activity.install import pg_cron as cron
from vessel_activity.paths import FUNCTIONS, MIGRATIONS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yoyo.migrations import MigrationList

_SCHEMA = "vessel_activity_migrations"
_LOCK = (1448100678, 3)  # 'VAcF', migrate
_REFRESH_LOCK = (1448100678, 1)  # no refresh meets half a change
_OLDEST = 15  # major version of PostgreSQL
_POLL_SECONDS = 0.1
_NOWAIT_SECONDS = 3  # how long a busy source table is tried without waiting for it,
_TRIGGERS_SECONDS = 12  # and how long in all


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo's backend on connections of ours, its own tables in a schema of ours.

    Also for machines where the user has no name and the host no DNS entry.
    """

    @classmethod
    def on(cls, url: str) -> _Backend:
        """Open it on a database; the whole libpq URL travels in yoyo's field for the name."""
        uri = DatabaseURI("postgresql+psycopg", None, None, None, None, url, {})
        return cls(uri, "_yoyo_migration")

    def connect(self, dburi: DatabaseURI) -> psycopg.Connection:
        """Open a connection as ours are; yoyo's own way knows only a part of libpq's options."""
        self.schema = _SCHEMA
        return connect(dburi.database, purpose="migrate")

    def get_log_data(
        self,
        migration: Any = None,  # noqa: ANN401 - yoyo's own signature
        operation: str = "apply",
    ) -> dict[str, Any]:
        """Say who applied what, as yoyo's log wants it."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = str(os.getuid())
        return {
            "id": f"{time.time_ns():x}-{os.getpid()}",
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": user,
            "hostname": socket.gethostname(),
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }


def migrate(url: str) -> None:
    """Bring a database to this version and refresh it once; print what was done.

    Raises:
        MigrationError: the server is too old or a standby; the migrations can't be read.
        psycopg.Error: the database refuses a step; everything before it stands, and the next
            run goes on from there.

    """
    with connect(url, purpose="migrate") as connection:
        refuse_old(connection.info.server_version)
        _refuse_standby(connection)
        with _holding(connection, _LOCK), _holding(connection, _REFRESH_LOCK):
            with _failures_on_disk(connection):
                applied = _apply(url, connection)
                print(f"migrations: {', '.join(applied) if applied else 'none pending'}")
                print(f"functions: {_install_functions(connection)} installed")
            for problem in _install_triggers(connection):
                print(
                    f"triggers: left out: {problem}; refreshes compute by the definition until "
                    "`make migrate` is run again, as the owner of that table"
                )
            indexes.build(connection, url)
            print(f"schedule: {cron.schedule(connection, url)}")
            row = connection.execute(
                "select active_last_hour, total_vessels from public.refresh_vessel_activity()"
            ).fetchone()
    if row is not None:
        print(f"refreshed: {row[0]} vessels active in the last hour, {row[1]} in the fleet")
    print(f"{name_of(url)} is ready")


def rollback(url: str) -> None:
    """Remove everything of ours; the source tables, their rows and indexes stay as they were.

    Raises:
        MigrationError: something is built on ours; the migrations can't be found or read.
        psycopg.Error: the database refuses a step.

    """
    with connect(url, purpose="rollback") as connection:
        _refuse_standby(connection)
        with _holding(connection, _LOCK), _holding(connection, _REFRESH_LOCK):
            _refuse_dependents(connection)
            cron.unschedule(connection, url)
            _remove_simulation(connection)
            indexes.drop(connection)
            with _backend(url, connection) as backend:
                migrations = _migrations()
                backend.rollback_migrations(backend.to_rollback(migrations))
            connection.execute(
                sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(_SCHEMA))
            )
    print(f"vessel activity is removed from {name_of(url)}; your tables are as they were")


def refuse_old(server_version: int) -> None:
    """Refuse a server that lacks what the functions are written with.

    server_version: as libpq gives it, 150004 for 15.4.

    Raises:
        MigrationError: it is older than PostgreSQL 15.

    """
    if server_version < _OLDEST * 10_000:
        raise MigrationError(
            f"this is PostgreSQL {server_version // 10_000}; {_OLDEST} or newer is needed"
        )


def _refuse_standby(connection: psycopg.Connection) -> None:
    row = connection.execute("select pg_catalog.pg_is_in_recovery()").fetchone()
    if row == (True,):
        raise MigrationError("this server is a standby, which can't be changed; name the primary")


@contextmanager
def _holding(connection: psycopg.Connection, lock: tuple[int, int]) -> Iterator[None]:
    """Hold a session's advisory lock while the block lasts.

    Tried again and again, not waited for: a waiting statement holds a snapshot, and CREATE INDEX
    CONCURRENTLY in the process that has the lock would wait for that for ever.
    """
    while connection.execute("select pg_catalog.pg_try_advisory_lock(%s, %s)", lock).fetchone() != (
        True,
    ):
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("select pg_catalog.pg_advisory_unlock(%s, %s)", lock)


def _migrations() -> MigrationList:
    if not MIGRATIONS.is_dir():
        raise MigrationError(f"there is no folder {MIGRATIONS.name}/ beside the program")
    try:
        return read_migrations(str(MIGRATIONS))
    except BadMigration as error:
        raise MigrationError(f"a migration can't be read: {error}") from error


@contextmanager
def _backend(url: str, connection: psycopg.Connection) -> Iterator[_Backend]:
    """Give yoyo's backend, its own tables in a schema of ours, its lock freed of the dead."""
    schema = sql.Identifier(_SCHEMA)
    connection.execute(sql.SQL("create schema if not exists {}").format(schema))
    about = "Which migrations of the vessel activity figures have been applied; kept by yoyo."
    connection.execute(sql.SQL("comment on schema {} is {}").format(schema, sql.Literal(about)))
    backend = _Backend.on(url)
    try:
        backend.init_database()
        # Nobody alive holds it: whoever migrates has our advisory lock.
        backend.break_lock()
        with backend.lock():
            yield backend
    finally:
        backend.connection.close()


def _apply(url: str, connection: psycopg.Connection) -> list[str]:
    try:
        with _backend(url, connection) as backend:
            pending = backend.to_apply(_migrations())
            backend.apply_migrations(pending)
            return [migration.id for migration in pending]
    except psycopg.Error:
        schema = sql.Identifier(_SCHEMA)
        applied = sql.SQL("select count(*) from {}._yoyo_migration").format(schema)
        with suppress(psycopg.Error):  # the first error is the one to tell
            if connection.execute(applied).fetchone() == (0,):
                # Refused at the very beginning: then nothing at all is left behind.
                connection.execute(sql.SQL("drop schema {} cascade").format(schema))
        raise


@contextmanager
def _failures_on_disk(connection: psycopg.Connection) -> Iterator[None]:
    """After a failure in the block, commit something that is waited for until it is on disk.

    Unlogged tables whose making was rolled back keep PostgreSQL from starting if it crashes before
    it has written down that they were.
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


def _install_functions(connection: psycopg.Connection) -> int:
    """Install every function anew, all or none; nobody but the owner may execute them."""
    files = sorted(FUNCTIONS.glob("*/*.sql"))
    if not files:
        raise MigrationError("there are no functions in sql/functions/ beside the program")
    with connection.transaction():
        # They name each other, so none can be checked before all are there.
        connection.execute("set local check_function_bodies = off")
        connection.execute("set local lock_timeout = '10s'")
        for file in files:
            try:
                connection.execute(file.read_text(encoding="utf-8"))
            except psycopg.Error as error:
                error.add_note(f"in {file.relative_to(ROOT)}")
                raise
        connection.execute("select vessel_activity.fit_to_sources()")
        connection.execute("select vessel_activity.revoke_from_public()")
    return len(files)


def _install_triggers(connection: psycopg.Connection) -> list[str]:
    """Install the triggers; return what could not be done, after trying again what may pass.

    First without waiting for a lock, so that no writer queues behind us. A table that is never
    free of writers is then waited for half a second at a time, with twice that between.
    """
    began = time.monotonic()
    while True:
        seconds = time.monotonic() - began
        nowait = seconds < _NOWAIT_SECONDS
        problems = connection.execute(
            "select problem, may_pass from vessel_activity.install_triggers(%s)", (nowait,)
        ).fetchall()
        if not any(may_pass for _, may_pass in problems) or seconds > _TRIGGERS_SECONDS:
            return [problem for problem, _ in problems]
        time.sleep(_POLL_SECONDS if nowait else 1.0)


def _refuse_dependents(connection: psycopg.Connection) -> None:
    """Refuse to remove what others have built on, which would go with it."""
    there = connection.execute(
        "select pg_catalog.to_regprocedure('vessel_activity.outside_dependents()') is not null"
    ).fetchone()
    if there != (True,):
        return
    dependents = connection.execute(
        "select dependent, depends_on from vessel_activity.outside_dependents()"
    ).fetchall()
    if dependents:
        lines = "".join(f"\n  {one} depends on {ours}" for one, ours in dependents)
        raise MigrationError(
            f"what was built on vessel activity would go with it:{lines}\n"
            "  hint: drop it, or have it do without, then run `make rollback` again; "
            "nothing was removed"
        )


def _remove_simulation(connection: psycopg.Connection) -> None:
    """Remove simulated vessels: what simulates them can't run without vessel activity."""
    row = connection.execute(
        "select pg_catalog.to_regprocedure('vessel_activity.remove_simulation()') is not null"
    ).fetchone()
    if row == (True,):
        connection.execute("select vessel_activity.remove_simulation()")
