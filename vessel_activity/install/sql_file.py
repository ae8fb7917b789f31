# ruff: noqa: E501 - SQL reads best in its own line length
"""The whole installation, or its removal, as one SQL file for psql.

It is for people whose Python can't reach the database. The file does the steps of migrate.py and
rollback.py in the same order, from the same sources.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from vessel_activity import __version__
from vessel_activity.install import functions, locks, migrations, source_names, source_tables
from vessel_activity.install.rollback import step
from vessel_activity.install.session import (
    LOCK_TIMEOUT,
    OLDEST_MAJOR,
    OWN_NODE,
    PATIENCE_SECONDS,
    PREPARE,
    RELEASE,
    SCHEMA,
    TAKE,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = r"""-- Vessel activity {version}: {about}
-- Run it with psql, as the owner of the source tables, and not inside a transaction:
--   psql --file vessel-activity{suffix}.sql "postgresql://owner@host/database"
-- {again}
\set ON_ERROR_STOP on
\set QUIET on
\set AUTOCOMMIT on
\pset format unaligned
\pset tuples_only on
set client_min_messages = warning;
set client_encoding = 'UTF8';
set quote_all_identifiers = off;
set default_transaction_isolation = 'read committed';
set statement_timeout = 0;
set lock_timeout = '{lock_timeout}';

do $$
begin
  if pg_catalog.current_setting('server_version_num')::integer < {oldest} * 10000 then
    raise exception using
      errcode = 'feature_not_supported',
      message = pg_catalog.format('this is PostgreSQL %s; vessel activity needs PostgreSQL {oldest} or newer', pg_catalog.current_setting('server_version'));
  end if;
  if pg_catalog.pg_is_in_recovery() then
    raise exception using
      errcode = 'read_only_sql_transaction',
      message = 'this server is a standby, which can''t be changed',
      hint = 'Name the primary instead.';
  end if;
end
$$;
"""

_OWN_NODE = r"""
-- On Citus: keeps the objects of vessel activity off the other nodes and out of shards.
do $$
begin
  {own_node};
end
$$;
"""

# A lock of this session: a row of a table, which a session that has ended does not hold.
_ALONE = r"""
-- Waits for another migrate or rollback, without holding a snapshot.
do $$
declare
  v_gives_up_at constant timestamptz := pg_catalog.clock_timestamp() + interval '{patience} seconds';
  v_other text;
  v_told text;
begin
  while pg_catalog.to_regclass('{schema}.session_lock') is not null loop
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    execute $take$
{take}
    $take$ into v_other;
    exit when v_other is null;
    if pg_catalog.clock_timestamp() > v_gives_up_at then
      raise exception using
        errcode = 'lock_not_available',
        message = pg_catalog.format('another migrate or rollback is running in this database: %s; gave up after {patience} seconds', v_other),
        hint = 'End that session, or run this file again once it has ended.';
    elsif v_other is distinct from v_told then
      v_told := v_other;
      raise warning '%', pg_catalog.format('another migrate or rollback is running in this database; waiting for %s; gives up after {patience} seconds', v_other);
    end if;
    commit;
    perform pg_catalog.pg_sleep(0.1);
    commit;
  end loop;
end
$$;
"""

# With the first migration: a database that is new to vessel activity has no lock to wait for until here.
_PREPARE = r"""
{prepare}do $$
declare
  v_path constant text := pg_catalog.current_setting('search_path');
  v_other text;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  execute $take$
{take}
  $take$ into v_other;
  if v_other is not null then
    raise exception using
      errcode = 'lock_not_available',
      message = pg_catalog.format('another migrate is running in this database: %s', v_other),
      hint = 'Run this file again once it has ended.';
  end if;
  perform pg_catalog.set_config('search_path', v_path, true);
end
$$;
{record}"""

_MIGRATION = r"""
begin;
{locks}{before}-- Repeated if somebody has dropped what it created, and all after it: they may have added columns to that.
select :'is_repeating'::boolean
  or not exists (select from {schema}._yoyo_migration as m where m.migration_hash::text = {hash}::text)
  or exists (select from pg_catalog.unnest({objects}) as o (name) where pg_catalog.to_regclass(o.name) is null
    and not (o.name in ('public.vessels', 'public.vessel_positions') and pg_catalog.current_setting('vessel_activity.other_names') = 'on')) as is_pending \gset
\if :is_pending
\set is_repeating on
\echo 'migration {name}'
{text}
insert into {schema}._yoyo_log (id, migration_hash, migration_id, operation, username, hostname, created_at_utc)
values (pg_catalog.gen_random_uuid()::text, {hash}, '{name}', 'apply', current_user, 'psql', pg_catalog.now() at time zone 'UTC');
insert into {schema}._yoyo_migration values ({hash}, '{name}', pg_catalog.now() at time zone 'UTC') on conflict do nothing;
\endif
commit;
"""

_TAIL = r"""
reset lock_timeout;
reset statement_timeout;
reset client_min_messages;
reset quote_all_identifiers;
reset default_transaction_isolation;
\echo '{done}'
"""

_NAMES = r"""
-- psql -v vessels=TABLE -v positions=TABLE -v map=NAME=COLUMN,... names the source tables and columns, if they have other names
-- than the usual ones. A later run without these keeps the names.
select pg_catalog.set_config('vessel_activity.names', '{}', false) as names_are \gset
\if :{?vessels}
select pg_catalog.set_config('vessel_activity.names',
  pg_catalog.jsonb_concat(:'names_are'::pg_catalog.jsonb, pg_catalog.jsonb_build_object('vessels', :'vessels'))::text, false) as names_are \gset
\endif
\if :{?positions}
select pg_catalog.set_config('vessel_activity.names',
  pg_catalog.jsonb_concat(:'names_are'::pg_catalog.jsonb, pg_catalog.jsonb_build_object('positions', :'positions'))::text, false) as names_are \gset
\endif
\if :{?map}
select pg_catalog.set_config('vessel_activity.names',
  pg_catalog.jsonb_concat(:'names_are'::pg_catalog.jsonb, pg_catalog.jsonb_build_object('map', :'map'))::text, false) as names_are \gset
\endif
"""

_ASK = r"""
-- psql -v create=on creates missing source tables even if the database has similar tables.
\if :{?create}
\else
\set create off
\endif
\set is_repeating off
select pg_catalog.set_config('vessel_activity.create', :'create', false) as create_is \gset
select coalesce(pg_catalog.string_agg(s.name, ', ' order by s.name desc), '') as missing_tables
from pg_catalog.unnest(array['public.vessels', 'public.vessel_positions']) as s (name)
where pg_catalog.to_regclass(s.name) is null and pg_catalog.current_setting('vessel_activity.other_names') <> 'on' \gset
"""

_TELL = r"""
select 'tables: created ' || :'missing_tables' where :'missing_tables' <> '';
select 'tables: not used, although similar: ' || pg_catalog.string_agg(t.table_name, ', ' order by t.source desc, t.table_name)
from vessel_activity.similar_tables() as t
where 'public.' || t.source = any (pg_catalog.string_to_array(:'missing_tables', ', '))
having pg_catalog.count(*) > 0;
"""

# A failure of the triggers or of the refresh must leave no triggers, if there were none before.
_TRIGGERS = r"""
select not exists (select from vessel_activity.note_triggers()) as has_no_triggers \gset
\set ON_ERROR_STOP off
\echo 'putting the triggers on the source tables'
do $$
declare
  v_problems text[];
  v_problem text;
begin
  call vessel_activity.put_triggers(v_problems);
  foreach v_problem in array v_problems loop
    raise warning using
      message = 'triggers: left out: ' || v_problem,
      hint = 'Refreshes compute by the definition. See select * from public.vessel_activity_status().';
  end loop;
end
$$;
\set triggers_failed :ERROR
"""

_REFRESH = r"""
begin;
<changes>
select pg_catalog.format('refreshed: %s vessels active in the last hour, %s in the fleet', r.active_last_hour, r.total_vessels)
from vessel_activity.refresh_now() as r;
\set refresh_failed :ERROR
commit;
\set ON_ERROR_STOP on
select :'triggers_failed'::boolean or :'refresh_failed'::boolean as has_failed,
  (:'triggers_failed'::boolean or :'refresh_failed'::boolean) and :'has_no_triggers'::boolean as is_to_undo \gset
\if :is_to_undo
begin;
<locks>
select vessel_activity.remove_triggers() \gset ignored_
commit;
\endif
\if :has_failed
do $$
begin
  raise exception using
    message = 'the triggers could not be put on the source tables, or the first refresh failed',
    hint = 'Remove the cause of the error that is shown above. Then run this file again.';
end
$$;
\endif
"""

_INDEXES = r"""
-- Outside a transaction, since an index that is built inside one keeps writers out. It waits for transactions that began before.
\echo 'building the indexes that are missing, without blocking writers'
set lock_timeout = '{patience}s';
select ddl from vessel_activity.missing_indexes() \gexec
set lock_timeout = '{lock_timeout}';
"""

_SCHEDULE = r"""
select vessel_activity.set_schedule(null);
-- If pg_cron is in another database, the jobs must be scheduled there.
select pg_catalog.format(
  'To schedule the refresh, run as a role that may use pg_cron in database %I: select cron.schedule_in_database(%L, %L, %L, %L);',
  vessel_activity.cron_database(), j.job_name, j.schedule, j.command, j.job_database)
from vessel_activity.cron_jobs() as j
where vessel_activity.cron_database() <> pg_catalog.current_database();
"""


_UNSCHEDULE = r"""
select pg_catalog.to_regclass('cron.job') is not null as has_pg_cron \gset
\if :has_pg_cron
select cron.unschedule(j.jobid)
from cron.job as j
where j.jobname in (pg_catalog.concat('vessel_activity refresh ', pg_catalog.current_database()), pg_catalog.concat('vessel_activity purge ', pg_catalog.current_database()));
\else
select pg_catalog.format('If pg_cron is in another database, run there: select cron.unschedule(jobid) from cron.job where jobname in (%L, %L);',
  pg_catalog.concat('vessel_activity refresh ', pg_catalog.current_database()), pg_catalog.concat('vessel_activity purge ', pg_catalog.current_database()));
\endif
"""


def migrate() -> str:
    """Return the SQL file that installs vessel activity, or upgrades it."""
    again = "It can be run again at any time: it completes and upgrades what is there."
    refresh = _REFRESH.replace("<changes>", locks.for_changes())
    parts = [
        _head("the whole installation", "", again),
        _OWN_NODE.format(own_node=OWN_NODE.replace("select ", "perform ", 1).rstrip()),
        migrations.refuse_other_version(),
        _NAMES,
        source_names.found(),
        _ASK,
        source_tables.refuse(),
        *_migrations(),
        "".join(_functions()),
        f"{functions.DROP_SUPERSEDED};\n",
        _TELL,
        _INDEXES.format(patience=_PATIENCE, lock_timeout=LOCK_TIMEOUT),
        _SCHEDULE,
        _TRIGGERS,
        refresh.replace("<locks>", locks.for_removal()),
        f"begin;\n{locks.PINNED};\n{_text(RELEASE)}commit;\n",
        _tail("vessel activity is installed"),
    ]
    return "\n".join(parts)


def rollback() -> str:
    """Return the SQL file that removes vessel activity."""
    again = "The source tables, their rows and their other indexes stay as they were."
    parts = [
        _head("its removal", "-rollback", again),
        step("1-refuse"),
        _UNSCHEDULE,
        f"set lock_timeout = '{_PATIENCE}s';",
        step("2-indexes").rstrip() + " \\gexec\n",
        f"set lock_timeout = '{LOCK_TIMEOUT}';",
        f"begin;\n{locks.for_removal()}{step('3-remove')}commit;\n",
        _tail("vessel activity is removed; the source tables stay"),
    ]
    return "\n".join(parts)


_PATIENCE = f"{PATIENCE_SECONDS:.0f}"


def _head(about: str, suffix: str, again: str) -> str:
    head = _HEAD.format(
        version=__version__,
        about=about,
        suffix=suffix,
        again=again,
        oldest=OLDEST_MAJOR,
        lock_timeout=LOCK_TIMEOUT,
    )
    return head + _ALONE.format(schema=SCHEMA, take=TAKE, patience=_PATIENCE)


def _tail(done: str) -> str:
    return _TAIL.format(done=done)


def _text(statement: str) -> str:
    return f"{statement};\n"


def _migrations() -> Iterator[str]:
    # With the first migration, so that a database which it refuses keeps no trace.
    before = (
        _PREPARE.format(prepare=PREPARE, take=TAKE, record=migrations.record())
        + source_names.kept()
    )
    for path in migrations.files():
        yield _MIGRATION.format(
            locks=locks.for_changes(),
            before=before,
            schema=SCHEMA,
            name=path.stem,
            objects=_array(migrations.objects(path)),
            hash=_quoted(hashlib.sha256(path.stem.encode()).hexdigest()),
            text=path.read_text(encoding="utf-8").rstrip(),
        )
        before = ""


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _array(names: list[str]) -> str:
    return f"array[{', '.join(_quoted(name) for name in names)}]"


def _functions() -> Iterator[str]:
    yield f"\\echo 'the functions'\nbegin;\n{locks.for_changes()}{functions.TABLE}"
    for statement in functions.BEFORE:
        yield f"{statement};\n"
    for routine in functions.routines():
        yield (
            f"\n-- {routine.path}\ninsert into {SCHEMA}.routine (signature, kind, path, ddl) values"
            f" ({_quoted(routine.signature)}, '{routine.kind}', '{routine.path}', {_TAG}"
            f"{routine.ddl}{_TAG})\non conflict (signature) do update set kind = excluded.kind,"
            " path = excluded.path, ddl = excluded.ddl;\n"
        )
    yield f"\n{functions.text()}"
    for statement in functions.AFTER:
        yield f"{statement};\n"
    yield "commit;\n"


_TAG = "$file$"
