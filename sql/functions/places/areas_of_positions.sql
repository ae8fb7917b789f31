-- The areas in which given positions lie, for people and tests.
create or replace function vessel_activity.areas_of_positions(
  p_longitudes double precision[],
  p_latitudes double precision[],
  p_by_cells boolean default true
)
returns table (number bigint, areas integer[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query execute format(
    'select m.vessel_id, array_agg(m.area order by m.area) from (%s) as m group by m.vessel_id',
    vessel_activity.members_query(
      'select u.number as vessel_id, now() as seen_at, 0.0::double precision as speed, u.longitude, u.latitude '
      'from unnest($1, $2) with ordinality as u (longitude, latitude, number)', p_by_cells))
  using p_longitudes, p_latitudes;
end
$$;

comment on function vessel_activity.areas_of_positions(double precision[], double precision[], boolean) is
  'The areas in which positions lie, by vessel_activity_area.id, ascending. number: which position, from 1. Positions outside every area, and those that are on no place of the globe, are left out. p_by_cells: as the refresh finds them; false: as the definition does.';
