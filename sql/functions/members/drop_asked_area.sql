-- Removes an area of a combining database. The caller has locked the row of area_revision.
create or replace function vessel_activity.drop_asked_area(p_area integer)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform vessel_activity.uncover_area(p_area);
  delete from vessel_activity.asked_area as k where k.id = p_area;
  update vessel_activity.area_revision as r set revision = r.revision + 1;
end
$$;

comment on function vessel_activity.drop_asked_area(integer) is
  'Removes the area with that asked_area.id.';
