-- An MMSI is compared in the type of the column, since only then can PostgreSQL use an index on it.
create or replace function vessel_activity.mmsi_type()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select format_type(a.atttypid, a.atttypmod)
  from pg_attribute as a
  where a.attrelid = to_regclass(vessel_activity.actual_table('vessels')) and a.attname = vessel_activity.actual_column('vessels', 'mmsi') and not a.attisdropped
$$;

comment on function vessel_activity.mmsi_type() is
  'The type of the MMSI in the source table of vessels, as SQL text.';
