"""The database session of a migrate or a rollback: on a fit server, and one at a time."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg

from vessel_activity.database.connections import connect
from vessel_activity.errors import MigrationError
from vessel_activity.install.locks import PINNED, body, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_MAJOR = 15
SCHEMA = "vessel_activity_migrations"
"""The schema of what must be there before the first migration. No other role has rights on it."""

PATIENCE_SECONDS = 600.0
"""How long a step waits that keeps nobody waiting: for another migrate, or to build an index."""

LOCK_TIMEOUT = "500ms"
"""How long a statement waits for a lock: a writer may queue behind it."""

PREPARE = f"""\
create schema if not exists {SCHEMA};
comment on schema {SCHEMA} is 'The migrations of vessel activity that have been applied, kept by yoyo, and the sessions that migrate or replay.';
create table if not exists {SCHEMA}.session_lock (
  name text primary key check (name in ('migrate', 'load')),
  pid integer not null,
  backend_start timestamptz,
  server_start timestamptz not null,
  taken_at timestamptz not null
);
comment on table {SCHEMA}.session_lock is 'Which session migrates or rolls back, and which session replays. A row of a session that has ended does not count.';
comment on column {SCHEMA}.session_lock.name is 'migrate or load.';
comment on column {SCHEMA}.session_lock.pid is 'Process of the session.';
comment on column {SCHEMA}.session_lock.backend_start is 'When the process began; NULL if that could not be seen.';
comment on column {SCHEMA}.session_lock.server_start is 'When the server of the process began.';
comment on column {SCHEMA}.session_lock.taken_at is 'Since when the session holds the lock.';
"""  # noqa: E501 - SQL reads best in its own line length
"""Makes the table of `TAKE`. Two sessions that do so at once can get an error."""

TAKE = body("take_session_lock").replace("p_name", "'migrate'")
"""Takes the lock of a migrate for this session, and returns NULL; or names who holds it."""

OWN_NODE = """\
select pg_catalog.set_config(s.name, 'off', false)
from (values ('citus.enable_ddl_propagation'), ('citus.enable_schema_based_sharding'),
  ('citus.use_citus_managed_tables')) as s (name)
where exists (select from pg_catalog.pg_extension as e where e.extname = 'citus')
"""
"""Keeps the objects of vessel activity out of the hands of Citus: off the other nodes, and not in
shards. Without Citus it changes nothing."""

RELEASE = body("release_session_lock").replace("p_name", "'migrate'")
"""Releases that lock."""

_POLL_SECONDS = 0.1
_SILENT_SECONDS = 3.0
_RACES = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateSchema,
    psycopg.errors.DuplicateTable,
    psycopg.errors.InternalError_,  # tuple concurrently updated
)
_ANOTHER = "another session"
# Keeps the record of an installation that went halfway, and of one by another version.
_FORGET = f"""
do $$
declare
  v_is_used boolean := false;
begin
  if pg_catalog.to_regclass('{SCHEMA}._yoyo_migration') is not null then
    execute 'select exists (select from {SCHEMA}._yoyo_migration)' into v_is_used;
  end if;
  if v_is_used then
    drop table {SCHEMA}.session_lock;
  else
    drop schema {SCHEMA} cascade;
  end if;
end
$$;
"""  # noqa: S608 - a constant


@contextmanager
def alone(url: str, *, purpose: str) -> Iterator[psycopg.Connection]:
    """Give a connection while no other process migrates or rolls back.

    Refreshes go on. A transaction that must not meet one begins with `locks.for_changes`. If no
    migration is applied in the end, nothing stays in the database.

    Raises:
        MigrationError: the server is too old, or is a standby, or another migrate or rollback does
            not end, or a restore broke off.
        psycopg.Error: the database can't be reached or refuses.

    """
    with connect(url, purpose=purpose) as connection:
        refuse_old(connection.info.server_version)
        if connection.execute("select pg_catalog.pg_is_in_recovery()").fetchone() == (True,):
            raise MigrationError(
                "this server is a standby, which can't be changed; name the primary"
            )
        # The database may have a limit that a step which waits would exceed.
        connection.execute(f"set statement_timeout = 0; set lock_timeout = '{LOCK_TIMEOUT}'")
        connection.add_notice_handler(_tell_warning)
        if purpose == "migrate":
            connection.execute(OWN_NODE)
        was_prepared = _is_prepared(connection)
        _take(connection, creates=purpose == "migrate")
        try:
            yield connection
        except BaseException:
            if not connection.broken and not was_prepared:
                _forget(connection)
            raise
        finally:
            if not connection.broken:
                _release(connection)


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


def _take(connection: psycopg.Connection, *, creates: bool) -> None:
    """Take the lock of a migrate. It is tried again and again, in short transactions.

    A statement that waited for it would hold a snapshot, and the CREATE INDEX CONCURRENTLY of the
    process that has the lock would wait for that snapshot.
    """
    began = time.monotonic()
    told: str | None = None
    while True:
        other = _try(connection, creates=creates)
        if other is None:
            return
        waited = time.monotonic() - began
        if waited > PATIENCE_SECONDS:
            raise MigrationError(
                f"another migrate or rollback is running in this database: {other}; gave up after "
                f"{PATIENCE_SECONDS:.0f} seconds; end that session, or try again once it has ended"
            )
        if waited > _SILENT_SECONDS and other != told:
            tell(
                f"another migrate or rollback is running in this database; waiting for {other}; "
                f"gives up after {PATIENCE_SECONDS:.0f} seconds"
            )
            told = other
        time.sleep(_POLL_SECONDS)


def _try(connection: psycopg.Connection, *, creates: bool) -> str | None:
    """Take the lock and return None, or name who holds it."""
    if not _is_prepared(connection):
        if not creates:
            return None  # a rollback with nothing to remove, or hardly anything
        try:
            with connection.transaction():
                connection.execute(PREPARE.encode())
        except _RACES:
            if not _is_prepared(connection):
                return _ANOTHER
    try:
        with connection.transaction():
            connection.execute(PINNED)
            row = connection.execute(TAKE.encode()).fetchone()
    except (
        psycopg.errors.LockNotAvailable,
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
    ):
        return _ANOTHER  # it takes the lock at this moment, or was refused and drops the table
    except psycopg.errors.InvalidColumnReference:
        raise MigrationError(
            f"{SCHEMA}.session_lock lacks its primary key, as after a restore that broke off; "
            "other tables may lack rows and constraints: drop the database and restore it again"
        ) from None
    return None if row is None else row[0]


def _is_prepared(connection: psycopg.Connection) -> bool:
    return connection.execute(
        f"select pg_catalog.to_regclass('{SCHEMA}.session_lock') is not null".encode()
    ).fetchone() == (True,)


def _forget(connection: psycopg.Connection) -> None:
    """Drop what this migrate made before the first migration, as if nothing had happened."""
    with suppress(psycopg.Error):  # the error that ended the command is the one to tell
        connection.execute(_FORGET.encode())


def _release(connection: psycopg.Connection) -> None:
    with suppress(psycopg.Error):
        if _is_prepared(connection):  # a rollback has dropped it
            with connection.transaction():
                connection.execute(PINNED)
                connection.execute(RELEASE.encode())


def _tell_warning(notice: psycopg.errors.Diagnostic) -> None:
    """Print a warning of the database, such as for whom a step waits."""
    if notice.severity_nonlocalized == "WARNING":
        tell(str(notice.message_primary))
