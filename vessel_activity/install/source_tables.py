"""Asks before a migrate creates source tables in a database that seems to have others.

Without --create, a missing source table is created only in a database that has no similar table,
and in which vessel activity is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vessel_activity.paths import FUNCTIONS

if TYPE_CHECKING:
    import psycopg

NAMES = ("public.vessels", "public.vessel_positions")

_ALLOW = "select pg_catalog.set_config('vessel_activity.create', %s, false)"
_MISSING = """
    select s.name
    from pg_catalog.unnest(%s::text[]) with ordinality as s (name, ordinal)
    where pg_catalog.to_regclass(s.name) is null
      and pg_catalog.current_setting('vessel_activity.other_names', true) is distinct from 'on'
    order by s.ordinal
"""
_REFUSE = """
do $$
declare
  v_missing text[];
  v_similar record;
  v_message text;
begin
  -- No function or operator of another role in schema public may take part.
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  v_missing := array(
    select s.name from (values ('vessels', 1), ('vessel_positions', 2)) as s (name, ordinal)
    where pg_catalog.to_regclass('public.' || s.name) is null
    order by s.ordinal
  );
  if v_missing = '{}' or 'on' in (pg_catalog.current_setting('vessel_activity.create', true),
    pg_catalog.current_setting('vessel_activity.other_names', true))
  then
    return;
  end if;
  v_message := pg_catalog.format('public.%s %s not exist',
    pg_catalog.array_to_string(v_missing, ' and public.'),
    case pg_catalog.cardinality(v_missing) when 1 then 'does' else 'do' end);
  with alike as (
    select t.* from (<query>) as t (source, relation, table_name, kind, option, map)
    where t.source = any (v_missing)
  )
  select pg_catalog.string_agg(a.table_name, ', ' order by a.source desc, a.table_name) as names, (
    select 'vessel-activity migrate ' || pg_catalog.string_agg(o.option, ' ' order by o.source desc)
      || coalesce(
        ' --map ''' || pg_catalog.string_agg(nullif(o.map, ''), ',' order by o.source desc) || '''',
        '')
    from (
      select distinct on (a.source) a.* from alike as a order by a.source, a.table_name
    ) as o
  ) as adoption
  into v_similar
  from alike as a;
  if v_similar.names is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = v_message || ', but these tables are similar: ' || v_similar.names,
      hint = pg_catalog.format(
        'Name the tables that hold the data to count, and those of their columns that have other '
        'names than the usual ones: %s. The SQL file takes the same texts as the psql variables '
        'vessels, positions and map. Or create new empty tables: run vessel-activity migrate '
        '--create, or the SQL file with psql -v create=on. Nothing was changed.',
        v_similar.adoption);
  elsif pg_catalog.to_regclass('vessel_activity.settings') is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = v_message || ' any more',
      hint = 'Restore the table. Or create a new empty one: run vessel-activity migrate --create, '
        'or the SQL file with psql -v create=on. Nothing was changed.';
  end if;
end
$$;
"""


def allow(connection: psycopg.Connection, *, create: bool) -> None:
    """Say in the session whether `refuse` may let missing source tables be created."""
    connection.execute(_ALLOW, ("on" if create else "off",))


def refuse() -> str:
    """Return the SQL that refuses to create a source table without being asked to.

    It raises object_not_in_prerequisite_state (55000) and changes nothing. With the setting
    vessel_activity.create = on it refuses nothing.
    """
    return _REFUSE.replace("<query>", similar_query())


def similar_query() -> str:
    """Return the query of vessel_activity.similar_tables(), which may not be installed yet."""
    text = (FUNCTIONS / "sources" / "similar_tables.sql").read_text(encoding="utf-8")
    return text.split("$$")[1].strip()


def missing(connection: psycopg.Connection) -> list[str]:
    """Return the names of the source tables that do not exist."""
    return [str(name) for (name,) in connection.execute(_MISSING, (list(NAMES),)).fetchall()]


def similar(connection: psycopg.Connection, sources: list[str]) -> list[str]:
    """Return the names of the tables that are similar to one of these source tables."""
    found = connection.execute(
        "select table_name from vessel_activity.similar_tables()"
        " where 'public.' || source = any (%s) order by source desc, table_name",
        (sources,),
    ).fetchall()
    return [str(name) for (name,) in found]
