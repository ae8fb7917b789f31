-- Tells whether the figures are of simulated vessels. A simulation enters the name of its schema into the settings. If that
-- schema has been dropped since, there is no simulation any more.
create or replace function vessel_activity.simulation()
returns name
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select n.nspname
  from vessel_activity.settings as s
  join pg_namespace as n on n.nspname = s.simulation
$$;

comment on function vessel_activity.simulation() is
  'Name of the schema that simulates the vessels in the source tables; NULL if the vessels are real.';
