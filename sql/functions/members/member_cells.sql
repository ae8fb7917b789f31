-- The vessels of this node by the cells of a grid, for a combining database: as of the last refresh, as in grid_json.
create or replace function vessel_activity.member_cells(p_degrees numeric, p_box double precision[], p_window text)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_state_at constant timestamptz := (select s.as_of from vessel_activity.state as s where s.fingerprint is not null);
  v_as_of constant timestamptz := coalesce(
    v_state_at, (select r.updated_at from public.vessel_activity_realtime as r), clock_timestamp());
begin
  return (
    select coalesce(json_agg(c), '[]')
    from vessel_activity.count_cells(v_as_of, v_state_at is not null, p_degrees, p_box, p_window) as c
  );
end
$$;

comment on function vessel_activity.member_cells(numeric, double precision[], text) is
  'Tells a combining database the vessels of this one by the cells of a grid: an array of {west, south, vessels}. For the arguments see vessel_activity.count_cells().';
