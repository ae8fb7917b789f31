-- A qualified name for the text of a function; see text_safe.
create or replace function vessel_activity.safe_name(p_name text)
returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select string_agg(vessel_activity.text_safe(p.part), '.' order by p.ordinal)
  from unnest(parse_ident(p_name)) with ordinality as p (part, ordinal)
$$;

comment on function vessel_activity.safe_name(text) is
  'p_name, a qualified name quoted as in SQL, so that it may stand between any quotes and in a format string.';
