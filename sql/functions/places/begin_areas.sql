-- Begins anew to keep in which areas vessels are: the areas have changed, or the state was lost. It looks up all positions.
-- The caller holds the refresh lock.
create or replace function vessel_activity.begin_areas()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_row_ids tid[];
  v_longitudes double precision[];
  v_latitudes double precision[];
begin
  delete from vessel_activity.area_past;
  delete from vessel_activity.area_late;
  delete from vessel_activity.area_set;
  perform vessel_activity.make_area_grid();
  select array_agg(r.ctid), array_agg(r.longitude), array_agg(r.latitude)
  into v_row_ids, v_longitudes, v_latitudes
  from vessel_activity.last_report as r;
  update vessel_activity.last_report as r
  set number = n.number, area_set = n.area_set
  from unnest(v_row_ids, vessel_activity.area_sets(v_longitudes, v_latitudes)) with ordinality as n (row_id, area_set, number)
  where r.ctid = n.row_id and (r.number, r.area_set) is distinct from (n.number::integer, n.area_set);
end
$$;

comment on function vessel_activity.begin_areas() is
  'Empties area_past, numbers the vessels of last_report, and looks up the areas of each.';
