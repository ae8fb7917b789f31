"""The SQL functions of sql/functions/: installed anew by every migrate, all or none."""

from __future__ import annotations

import re
from typing import NamedTuple

import psycopg

from vessel_activity.errors import MigrationError
from vessel_activity.install import locks
from vessel_activity.install.session import LOCK_TIMEOUT, SCHEMA
from vessel_activity.paths import FUNCTIONS, INSTALL, ROOT

# A function that is dropped and made anew loses its rights, and an upgrade may bring new functions.
# So the purposes that roles have are noted first, and renew_rights() gives them anew.
_NOTE_PURPOSES = """
do $$
begin
  perform pg_catalog.set_config('vessel_activity.granted', '', true);
  if pg_catalog.to_regprocedure('vessel_activity.granted()') is not null then
    execute $q$
      select pg_catalog.set_config('vessel_activity.granted', pg_catalog.json_agg(g)::text, true)
      from vessel_activity.granted() as g
      having pg_catalog.count(*) > 0
    $q$;
  end if;
end
$$"""
# PostgreSQL binds the functions, operators and domains in a view, a default and some bodies when
# they are made, and chooses those that fit best, also in schema public. Those of another role must
# not be among them: they would run with the rights of the owner. Without schema public on the
# search_path there are none. But an event trigger of the user may need it.
_PIN_NAMES = """
do $$
begin
  if not exists (select from pg_catalog.pg_event_trigger) then
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  end if;
end
$$"""
_REFUSE_STRANGERS = """
do $$
declare
  v_path constant text := pg_catalog.current_setting('search_path');
  v_stranger record;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  select pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0) as name,
    pg_catalog.pg_describe_object(d.classid, d.objid, 0) as user_of_it
  into v_stranger
  from pg_depend as d
  left join pg_proc as f on d.refclassid = 'pg_proc'::regclass and f.oid = d.refobjid
  left join pg_operator as o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
  left join pg_type as t
    on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid and t.typtype = 'd'
  left join pg_proc as p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
  left join pg_rewrite as w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
  left join pg_attrdef as a on d.classid = 'pg_attrdef'::regclass and a.oid = d.objid
  left join pg_constraint as k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
  left join pg_class as c on c.oid = coalesce(w.ev_class, a.adrelid, k.conrelid)
    or d.classid = 'pg_class'::regclass and c.oid = d.objid
  where d.deptype = 'n'
    and coalesce(f.pronamespace, o.oprnamespace, t.typnamespace)
      not in ('pg_catalog'::regnamespace, 'vessel_activity'::regnamespace)
    and (coalesce(p.pronamespace, c.relnamespace) = 'vessel_activity'::regnamespace
      or c.oid = pg_catalog.to_regclass('public.vessel_activity_performance'))
  order by 1, 2
  limit 1;
  if found then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = pg_catalog.format('%s would run with the rights of %I, because it fits into %s',
        v_stranger.name, current_user, v_stranger.user_of_it),
      hint = 'Drop or rename it: it may be an attack. Then run vessel-activity migrate again.';
  end if;
  perform pg_catalog.set_config('search_path', v_path, true);
end
$$"""
# Triggers that were made under other names would call functions that read the new names.
_DROP_FORMER_TRIGGERS = """
do $$
begin
  if pg_catalog.current_setting('vessel_activity.names_change', true) = 'on'
    and pg_catalog.to_regprocedure('vessel_activity.remove_triggers()') is not null
  then
    perform vessel_activity.remove_triggers();
  end if;
end
$$"""
BEFORE = (
    _DROP_FORMER_TRIGGERS,
    _NOTE_PURPOSES,
    _PIN_NAMES,
    # The functions name each other, so none can be checked before all are there.
    "set local check_function_bodies = off",
    f"set local lock_timeout = '{LOCK_TIMEOUT}'",
    # What an earlier version had keeps its row, without a text, until it is dropped.
    f"update {SCHEMA}.routine set ddl = null",  # noqa: S608 - a constant
)
AFTER = (
    "select vessel_activity.follow_names()",
    "select vessel_activity.follow_shards()",
    _REFUSE_STRANGERS,
    # Somebody may have deleted the row.
    "insert into vessel_activity.settings default values on conflict do nothing",
    "select vessel_activity.fit_to_sources()",
    # A refresh that ran meanwhile may have called some old and some new functions.
    "update vessel_activity.state set fingerprint = null",
    "select vessel_activity.renew_rights()",
)
DROP_SUPERSEDED = "call vessel_activity.drop_superseded()"
"""Drops what only earlier versions had. It commits, so it can't run inside a transaction."""

TABLE = f"""\
create table if not exists {SCHEMA}.routine (
  signature text primary key,
  kind text not null check (kind in ('function', 'procedure', 'view')),
  path text not null,
  ddl text
);
comment on table {SCHEMA}.routine is 'The functions that migrates have installed. With it, a later version finds those to drop.';
comment on column {SCHEMA}.routine.signature is 'Name and types of the arguments.';
comment on column {SCHEMA}.routine.kind is 'function, procedure or view.';
comment on column {SCHEMA}.routine.path is 'File of the version that installed it.';
comment on column {SCHEMA}.routine.ddl is 'Text of the file, in the row of the first function of the file, and empty in the others; NULL if only an earlier version had it.';
"""  # noqa: E501 - SQL reads best in its own line length

_PUT = (
    f"insert into {SCHEMA}.routine (signature, kind, path, ddl) values (%s, %s, %s, %s)"  # noqa: S608
    " on conflict (signature) do update set kind = excluded.kind, path = excluded.path,"
    " ddl = excluded.ddl"
)
# A file has a comment on each of its functions, which names the function with the types of its
# arguments.
_SIGNATURE = re.compile(
    r"^comment on (function|procedure|view) ([\w.]+(?:\([^)]*(?:\([^)]*\)[^)]*)*\))?) is\b",
    re.MULTILINE,
)


class Routine(NamedTuple):
    """A function, procedure or view.

    Attributes:
        signature: its name with the types of its arguments.
        kind: function, procedure or view.
        path: its file, as seen from the root of the project.
        ddl: the text of the file, and empty for the second and further functions of a file.

    """

    signature: str
    kind: str
    path: str
    ddl: str


def routines() -> list[Routine]:
    """Return the functions, in the order they are installed in.

    Raises:
        MigrationError: there are none.

    """
    found = []
    for file in sorted(FUNCTIONS.glob("*/*.sql")):
        ddl = file.read_text(encoding="utf-8")
        for kind, signature in _SIGNATURE.findall(ddl):
            found.append(Routine(signature, kind, file.relative_to(ROOT).as_posix(), ddl))
            ddl = ""
    if not found:
        raise MigrationError(f"the folder {FUNCTIONS} is empty; install vessel activity anew")
    return found


def install(connection: psycopg.Connection) -> int:
    """Install every function, and return how many that are.

    Raises:
        psycopg.Error: the database refuses one, or an object of the user is built on a function
            that has another form in this version. Nothing is changed.

    """
    found = routines()

    def work() -> None:
        with connection.transaction():
            connection.execute(locks.for_changes().encode())
            connection.execute(TABLE.encode())
            for statement in BEFORE:
                connection.execute(statement.encode())
            with connection.cursor() as cursor:
                cursor.executemany(_PUT, found)
            connection.execute(text().encode())
            for statement in AFTER:
                connection.execute(statement.encode())

    try:
        locks.patiently(connection, work)
    except psycopg.Error as error:
        for routine in found:
            if routine.ddl and routine.ddl.strip() in (error.diag.context or ""):
                error.add_note(f"in {routine.path}")
        raise
    return len(found)


def text() -> str:
    """Return the SQL that installs the functions whose texts are in the table."""
    return (INSTALL / "functions.sql").read_text(encoding="utf-8")
