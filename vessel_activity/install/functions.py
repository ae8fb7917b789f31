"""The SQL functions of sql/functions/: installed anew by every migrate, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from vessel_activity.errors import MigrationError
from vessel_activity.paths import FUNCTIONS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

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
BEFORE = (
    _NOTE_PURPOSES,
    _PIN_NAMES,
    # The functions name each other, so none can be checked before all are there.
    "set local check_function_bodies = off",
    "set local lock_timeout = '10s'",
)
AFTER = (
    _REFUSE_STRANGERS,
    # Somebody may have deleted the row.
    "insert into vessel_activity.settings default values on conflict do nothing",
    "select vessel_activity.fit_to_sources()",
    "select vessel_activity.renew_rights()",
)


def files() -> list[Path]:
    """Return the files of the functions, in the order they are installed in.

    Raises:
        MigrationError: there are none.

    """
    found = sorted(FUNCTIONS.glob("*/*.sql"))
    if not found:
        raise MigrationError(f"the folder {FUNCTIONS} is empty; install vessel activity anew")
    return found


def install(connection: psycopg.Connection) -> int:
    """Install every function, and return how many files that were.

    Raises:
        psycopg.Error: the database refuses one. A note on the error names its file.

    """
    found = files()
    with connection.transaction():
        for statement in BEFORE:
            connection.execute(statement)
        for file in found:
            try:
                connection.execute(file.read_text(encoding="utf-8"))
            except psycopg.Error as error:
                error.add_note(f"in {file.relative_to(ROOT)}")
                raise
        for statement in AFTER:
            connection.execute(statement)
    return len(found)
