-- Takes an area out of the tables that follow from its shape.
create or replace function vessel_activity.uncover_area(p_area integer)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_parts constant integer[] := array(select p.id from vessel_activity.area_part as p where p.area = p_area);
begin
  update vessel_activity.area_cell as k
  set areas = array_remove(k.areas, p_area),
    parts = array(select x from unnest(k.parts) as x where x <> all (v_parts) order by x)
  where p_area = any (k.areas) or k.parts && v_parts;
  delete from vessel_activity.area_cell as k where k.areas = '{}' and k.parts = '{}';
  delete from vessel_activity.area_part as p where p.area = p_area;
end
$$;

comment on function vessel_activity.uncover_area(integer) is
  'Removes the parts of an area and the cells that only it covers.';
