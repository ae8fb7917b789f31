"""Applies the files of migrations/ with yoyo, which remembers in the database what was applied."""

from __future__ import annotations

import getpass
import os
import re
import socket
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yoyo import migrations as yoyo_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.exceptions import BadMigration

from vessel_activity.database.connections import connect
from vessel_activity.errors import MigrationError
from vessel_activity.install import locks, source_names, source_tables
from vessel_activity.install.session import LOCK_TIMEOUT, OWN_NODE, SCHEMA
from vessel_activity.paths import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

# Migrations of the versions before the first release, which can't be upgraded from.
_DEVELOPMENT = (
    "0001.source-tables",
    "0010.cache",
    "0020.engine",
    "0030.landing",
    "0050.history",
    "0060.inbox-rows",
    "0070.inbox-guard",
    "0080.inbox-tickets",
    "0090.comments",
)


_CREATED = re.compile(
    r"create (?:unlogged )?(?:table |sequence |or replace view )(?:if not exists )?"
    r"((?:public|vessel_activity)\.\w+)"
)
# The tables in which yoyo remembers what was applied, as yoyo 9 makes them.
_RECORD = """
create table if not exists {schema}.yoyo_lock (
  locked integer default 1 primary key, ctime timestamp, pid integer not null);
create table if not exists {schema}._yoyo_migration (
  migration_hash varchar(64) primary key, migration_id varchar(255), applied_at_utc timestamp);
create table if not exists {schema}._yoyo_log (
  id varchar(36) primary key, migration_hash varchar(64), migration_id varchar(255),
  operation varchar(10), username varchar(255), hostname varchar(255), comment varchar(255),
  created_at_utc timestamp);
create table if not exists {schema}._yoyo_version (
  version integer primary key, installed_at_utc timestamp);
insert into {schema}._yoyo_version values (2, pg_catalog.now() at time zone 'UTC')
on conflict do nothing;
"""
# Event triggers of the user, which run within a migration, find their tables through it.
_DEFAULT_PATH = """
select pg_catalog.set_config('search_path', s.reset_val, true)
from pg_catalog.pg_settings as s
where s.name = 'search_path'
"""
_OWN_PATH = f"{SCHEMA}, pg_catalog, pg_temp"
_LOST = """
    select o.name
    from pg_catalog.unnest(%s::text[]) with ordinality as o (name, ordinal)
    where pg_catalog.to_regclass(o.name) is null
    order by o.ordinal
"""
_REFUSE_OTHER_VERSION = """
do $$
declare
  v_unknown text[];
  v_renamed name;
begin
  -- No function or operator of another role in schema public may take part.
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  select n.nspname into v_renamed
  from pg_catalog.pg_namespace as n
  join pg_catalog.pg_proc as p on p.pronamespace = n.oid and p.proname = 'note_positions_inserted'
  where pg_catalog.to_regnamespace('vessel_activity') is null
  limit 1;
  if v_renamed is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = pg_catalog.format('the schema vessel_activity was renamed to %I', v_renamed),
      hint = pg_catalog.format('Run alter schema %I rename to vessel_activity. Then migrate again. '
        'Nothing was changed.', v_renamed);
  end if;
  if pg_catalog.to_regclass('{schema}._yoyo_migration') is null then
    return;
  end if;
  execute $query$
    select pg_catalog.array_agg(m.migration_id::text order by m.migration_id)
    from {schema}._yoyo_migration as m
    where m.migration_id <> all ('{{{known}}}')
  $query$ into v_unknown;
  if v_unknown && '{{{development}}}' then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'vessel activity was installed here by a version from before its first release, '
        'which can''t be upgraded',
      hint = 'Run `vessel-activity rollback`, then `vessel-activity migrate`. '
        'The source tables stay as they are. The settings and the history of the figures are '
        'lost. Nothing was changed.';
  elsif v_unknown is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'vessel activity was installed here by a newer version, which has migrations '
        'that this version does not know: ' || pg_catalog.array_to_string(v_unknown, ', '),
      hint = 'Use that version or a newer one. Nothing was changed.';
  end if;
end
$$;
"""


def files() -> list[Path]:
    """Return the files of the migrations in their order.

    Raises:
        MigrationError: there are none.

    """
    found = sorted(MIGRATIONS.glob("*.sql"))
    if not found:
        raise MigrationError(f"the folder {MIGRATIONS} is empty; install vessel activity anew")
    return found


def refuse_other_version() -> str:
    """Return the SQL that refuses a database with migrations which this version does not have.

    It raises object_not_in_prerequisite_state (55000), and changes nothing.
    """
    return _REFUSE_OTHER_VERSION.format(
        schema=SCHEMA,
        known=",".join(file.stem for file in files()),
        development=",".join(_DEVELOPMENT),
    )


def record() -> str:
    """Return the SQL that makes the tables in which yoyo 9 remembers what was applied.

    yoyo would make them itself, but with a search_path that an event trigger of the user does not
    expect. Every name is qualified, so any search_path will do.
    """
    return _RECORD.format(schema=SCHEMA)


def apply(url: str, connection: psycopg.Connection) -> list[str]:
    """Apply the migrations that the database lacks, and return their names.

    Raises:
        MigrationError: a migration can't be read.
        psycopg.Error: another version of vessel activity is installed, a source table is missing
            and must not be created without being asked, or the database refuses a migration. Those
            before it stay applied.

    """
    connection.execute(refuse_other_version())
    connection.execute(source_tables.refuse())
    connection.execute(source_names.kept())
    try:
        migrations = _read()
    except BadMigration as error:
        raise MigrationError(f"a migration can't be read: {error}") from error
    with _backend(url, connection) as backend:
        pending = backend.to_apply(migrations)
        _restore(connection, {migration.id for migration in pending})
        backend.apply_migrations(pending)
        return [migration.id for migration in pending]


def _read() -> Any:  # noqa: ANN401 - yoyo's own list
    """Read the migrations, each as one step.

    yoyo would take each file apart with sqlparse, which takes longer than all its statements.
    PostgreSQL takes a file as it is.
    """
    found = yoyo_migrations.read_migrations(str(MIGRATIONS))
    known: dict[str, Any] = {}
    for migration in sorted(found, key=lambda one: one.id):
        text = Path(migration.path).read_text(encoding="utf-8")
        depends = yoyo_migrations.parse_metadata_from_sql_comments(text)[0].get("depends", "")
        missing = [name for name in depends.split() if name not in known]
        if missing:
            raise BadMigration(f"{migration.id} depends on {missing[0]}, which is not there")
        collector = yoyo_migrations.StepCollector(migration)
        collector.add_step(text)
        migration.steps = collector.create_steps(True)
        migration._depends = {known[name] for name in depends.split()}  # noqa: SLF001
        known[migration.id] = migration
    return found


def objects(file: Path) -> list[str]:
    """Return the names of the tables, sequences and views that a migration creates."""
    return _CREATED.findall(file.read_text(encoding="utf-8"))


def _restore(connection: psycopg.Connection, pending: set[str]) -> None:
    """Repeat each applied migration if somebody has dropped something that it created.

    Those after it are repeated too, because they may have added columns to what was dropped.
    """
    is_repeating = False
    for file in files():
        if file.stem in pending:
            continue
        lost = [name for (name,) in connection.execute(_LOST, (objects(file),)).fetchall()]
        if not source_names.are_usual(connection):
            lost = [name for name in lost if name not in source_tables.NAMES]
        is_repeating = is_repeating or bool(lost)
        if is_repeating:
            locks.patiently(connection, lambda: _repeat(connection, file))  # noqa: B023 - used at once
        again = [name for name in lost if name not in source_tables.NAMES]
        if again:
            print(f"tables: created again: {', '.join(again)}")


def _repeat(connection: psycopg.Connection, file: Path) -> None:
    with connection.transaction():
        connection.execute(locks.for_changes().encode())
        connection.execute(file.read_text(encoding="utf-8"))


@contextmanager
def _backend(url: str, connection: psycopg.Connection) -> Iterator[_Backend]:
    """Give yoyo's backend, with the lock of a dead process removed."""
    connection.execute(record())
    backend = _Backend.on(url, connection)
    try:
        backend.init_database()
        # yoyo's lock is a row, which outlives a killed process. No living one holds it:
        # session.alone holds the lock of a migrate.
        backend.break_lock()
        with backend.lock():
            yield backend
    finally:
        backend.connection.close()


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo's backend on a connection with every option of libpq, its tables in their own schema.

    It also works on a machine where the user has no name and the host no DNS entry.
    """

    beside: psycopg.Connection
    """Another connection to the database."""

    @classmethod
    def on(cls, url: str, beside: psycopg.Connection) -> _Backend:
        """Open the backend. The whole libpq URL travels in yoyo's field for the database name."""
        uri = DatabaseURI("postgresql+psycopg", None, None, None, None, url, {})
        backend = cls(uri, "_yoyo_migration")
        backend.beside = beside
        return backend

    def connect(self, dburi: DatabaseURI) -> psycopg.Connection:
        """Open a connection; yoyo's own way knows only some of libpq's options."""
        self.schema = SCHEMA
        return connect(dburi.database, purpose="migrate")

    def init_connection(self, connection: psycopg.Connection) -> None:
        """Let yoyo find its tables, and no operator of another role in schema public."""
        connection.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        connection.execute(OWN_NODE)
        connection.execute(
            "select pg_catalog.set_config('search_path', %s, false)",
            (_OWN_PATH,),
        )

    def init_database(self) -> None:
        """Make no tables, which `record` has made, and try no DDL out: it is transactional."""
        self.has_transactional_ddl = True

    def apply_one(self, migration: Any, force: bool = False, mark: bool = True) -> None:  # noqa: ANN401 - yoyo's own signature
        """Apply a migration and record it in one transaction: a kill leaves both or none."""

        def work() -> None:
            with self.transaction():
                self.execute(locks.for_changes().replace("%", "%%"))
                self.execute(_DEFAULT_PATH)
                migration.process_steps(self, "apply", force=force)
                self.execute(f"set local search_path to {_OWN_PATH}")
                self.log_migration(migration, "apply")
                if mark:
                    self.mark_one(migration, log=False)

        locks.patiently(self.beside, work)

    def get_log_data(
        self,
        migration: Any = None,  # noqa: ANN401 - yoyo's own signature
        operation: str = "apply",
    ) -> dict[str, Any]:
        """Return who applied what, for yoyo's log."""
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
