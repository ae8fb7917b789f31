-- Fills the history of the types and of the areas. Nobody waits for it: the demo calls this function when the page is there.
create or replace function vessel_activity_demo.write_details(p_now timestamptz)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from vessel_activity.area_figures) and exists (select from vessel_activity_demo.area) then
    return false;
  end if;

  perform vessel_activity_demo.write_type_past(p_now);
  perform vessel_activity_demo.write_area_past(p_now);
  return true;
end
$$;

comment on function vessel_activity_demo.write_details(timestamptz) is
  'Writes what is missing of the history of the types and the areas before p_now. Returns false and does nothing while no refresh has computed the figures of the areas.';
