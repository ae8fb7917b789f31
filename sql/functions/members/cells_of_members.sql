-- The cells of all members, for grid_json.
create or replace function vessel_activity.cells_of_members(p_degrees numeric, p_box double precision[], p_window text)
returns table (west numeric, south numeric, vessels integer)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings vessel_activity.settings;
begin
  if not exists (select from vessel_activity.member) then
    return;
  end if;
  select s.* into strict v_settings from vessel_activity.settings as s;
  return query
    select c.west, c.south, c.vessels
    from unnest(vessel_activity.ask_members(
      format('select vessel_activity.member_cells(%L::numeric, %L::double precision[], %L::text)', p_degrees, p_box, p_window),
      v_settings.member_timeout, v_settings.allow_missing_members)) as r
    cross join lateral json_to_recordset(r.answer) as c (west numeric, south numeric, vessels integer);
end
$$;

comment on function vessel_activity.cells_of_members(numeric, double precision[], text) is
  'Vessels of the members by the cells of a grid: see vessel_activity.count_cells(). No row if there are no members.';
