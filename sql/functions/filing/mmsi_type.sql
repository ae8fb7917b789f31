-- An MMSI is compared in the type of the column, since only then can PostgreSQL use an index on it.
create or replace function vessel_activity.mmsi_type()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select format_type(a.atttypid, a.atttypmod)
  from pg_attribute as a
  where a.attrelid = to_regclass('public.vessels') and a.attname = 'mmsi' and not a.attisdropped
$$;

comment on function vessel_activity.mmsi_type() is
  'The type of public.vessels.mmsi, as SQL text.';
