# ruff: noqa: E501 - SQL reads best in its own line length
"""The whole installation, or its removal, as one SQL file for psql.

It is for people whose Python can't reach the database. The file does the steps of migrate.py and
rollback.py in the same order, from the same sources.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from vessel_activity import __version__
from vessel_activity.install import functions, migrations, source_tables
from vessel_activity.install.rollback import step
from vessel_activity.install.session import ADVISORY_CLASS, OLDEST_MAJOR
from vessel_activity.paths import ROOT

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

-- Waits for another migrate or rollback, without holding a snapshot.
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
  while not pg_catalog.pg_try_advisory_lock({advisory}, 3) loop
    commit;
    perform pg_catalog.pg_sleep(0.1);
  end loop;
end
$$;
"""

_NO_REFRESHES = r"""
-- A running refresh is waited for in the same way; no other begins until the lock is given back.
do $$
begin
  while not pg_catalog.pg_try_advisory_lock({advisory}, 1) loop
    commit;
    perform pg_catalog.pg_sleep(0.1);
  end loop;
end
$$;
"""

_REFRESHES_AGAIN = r"""
do $$
begin
  perform pg_catalog.pg_advisory_unlock({advisory}, 1);
end
$$;
"""

_MIGRATION = r"""
begin;
{before}-- Repeated if somebody has dropped what it created.
select not exists (select from {schema}._yoyo_migration as m where m.migration_hash::text = {hash}::text)
  or exists (select from pg_catalog.unnest({objects}) as o (name) where pg_catalog.to_regclass(o.name) is null) as is_pending \gset
\if :is_pending
\echo 'migration {name}'
{text}
insert into {schema}._yoyo_log (id, migration_hash, migration_id, operation, username, hostname, created_at_utc)
values (pg_catalog.gen_random_uuid()::text, {hash}, '{name}', 'apply', current_user, 'psql', pg_catalog.now() at time zone 'UTC');
insert into {schema}._yoyo_migration values ({hash}, '{name}', pg_catalog.now() at time zone 'UTC') on conflict do nothing;
\endif
commit;
"""

_TAIL = r"""
do $$
begin
  perform pg_catalog.pg_advisory_unlock({advisory}, 3);
end
$$;
reset statement_timeout;
reset client_min_messages;
reset quote_all_identifiers;
reset default_transaction_isolation;
\echo '{done}'
"""

_ASK = r"""
-- psql -v create=on creates missing source tables even if the database has similar tables.
\if :{?create}
\else
\set create off
\endif
select pg_catalog.set_config('vessel_activity.create', :'create', false) as create_is \gset
select coalesce(pg_catalog.string_agg(s.name, ', ' order by s.name desc), '') as missing_tables
from pg_catalog.unnest(array['public.vessels', 'public.vessel_positions']) as s (name)
where pg_catalog.to_regclass(s.name) is null \gset
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
select pg_catalog.format('refreshed: %s vessels active in the last hour, %s in the fleet', r.active_last_hour, r.total_vessels)
from vessel_activity.refresh_now() as r;
\set refresh_failed :ERROR
\set ON_ERROR_STOP on
select :'triggers_failed'::boolean or :'refresh_failed'::boolean as has_failed,
  (:'triggers_failed'::boolean or :'refresh_failed'::boolean) and :'has_no_triggers'::boolean as is_to_undo \gset
\if :is_to_undo
select vessel_activity.remove_triggers() \gset ignored_
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
-- Outside a transaction, since an index that is built inside one keeps writers out.
\echo 'building the indexes that are missing, without blocking writers'
select ddl from vessel_activity.missing_indexes() \gexec
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
    parts = [
        _head("the whole installation", "", again),
        _NO_REFRESHES.format(advisory=ADVISORY_CLASS),
        migrations.refuse_other_version(),
        _ASK,
        source_tables.refuse(),
        *_migrations(),
        "".join(_functions()),
        _REFRESHES_AGAIN.format(advisory=ADVISORY_CLASS),
        _TELL,
        _INDEXES,
        _SCHEDULE,
        _TRIGGERS,
        _NO_REFRESHES.format(advisory=ADVISORY_CLASS),
        _REFRESH,
        _REFRESHES_AGAIN.format(advisory=ADVISORY_CLASS),
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
        step("2-indexes").rstrip() + " \\gexec\n",
        f"begin;\n{step('3-remove')}commit;\n",
        _tail("vessel activity is removed; the source tables stay"),
    ]
    return "\n".join(parts)


def _head(about: str, suffix: str, again: str) -> str:
    return _HEAD.format(
        version=__version__,
        about=about,
        suffix=suffix,
        again=again,
        oldest=OLDEST_MAJOR,
        advisory=ADVISORY_CLASS,
    )


def _tail(done: str) -> str:
    return _TAIL.format(advisory=ADVISORY_CLASS, done=done)


def _migrations() -> Iterator[str]:
    # With the first migration, so that a database which it refuses keeps no trace.
    before = migrations.record()
    for path in migrations.files():
        yield _MIGRATION.format(
            before=before,
            schema=migrations.SCHEMA,
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
    yield "\\echo 'the functions'\nbegin;\n"
    for statement in functions.BEFORE:
        yield f"{statement};\n"
    for path in functions.files():
        yield f"\n-- {path.relative_to(ROOT)}\n{path.read_text(encoding='utf-8')}"
    yield "\n"
    for statement in functions.AFTER:
        yield f"{statement};\n"
    yield "commit;\n"
