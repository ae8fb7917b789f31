-- The vessels of this node by the cells of a grid, for a combining database: as of the last refresh, as in grid_json.
create or replace function vessel_activity.member_cells(p_degrees numeric, p_box double precision[], p_window text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_instant constant record := vessel_activity.grid_instant();
begin
  return (
    select coalesce(json_agg(c), '[]')
    from vessel_activity.count_cells(v_instant.as_of, v_instant.from_state, p_degrees, p_box, p_window) as c
  );
end
$$;

comment on function vessel_activity.member_cells(numeric, double precision[], text) is
  'Tells a combining database the vessels of this one by the cells of a grid: an array of {west, south, vessels}. For the arguments see vessel_activity.count_cells().';
