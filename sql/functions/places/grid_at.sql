-- The definition of the density of vessels, for any instant: from the source tables alone.
create or replace function vessel_activity.grid_at(
  p_as_of timestamptz,
  p_degrees numeric default 1,
  p_box double precision[] default null,
  p_window text default 'now'
)
returns table (west numeric, south numeric, vessels integer)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select c.west, c.south, c.vessels from vessel_activity.count_cells(p_as_of, false, p_degrees, p_box, p_window) as c
$$;

comment on function vessel_activity.grid_at(timestamptz, numeric, double precision[], text) is
  'Vessels by the cells of a grid as of p_as_of, by the definition: see vessel_activity.count_cells().';
