-- What the functions read in place of public.vessels and public.vessel_positions, if a migrate was given other names or if Citus keeps
-- the rows in shards. follow_shards() replaces the function by one that gives the shards.
create or replace function vessel_activity.actual_rows(p_source text)
returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.safe_name(vessel_activity.actual_table(p_source))
$$;

comment on function vessel_activity.actual_rows(text) is
  'Text that stands after FROM in the functions that read a source table. p_source: vessels or vessel_positions.';
