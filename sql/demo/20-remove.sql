-- Removes the simulated fleet, so that the same database can go on with real vessels.
create or replace function vessel_activity_demo.remove()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from public.vessel_positions as p using vessel_activity_demo.fleet as f where p."vesselId" = f.vessel_id;
  delete from public.vessels as v using vessel_activity_demo.fleet as f where v.id = f.vessel_id;
  perform vessel_activity.remove_area(a.name)
  from vessel_activity_demo.area as d
  join public.vessel_activity_area as a on a.name = d.name;
  delete from vessel_activity.history;
  delete from vessel_activity.history_hour;
  delete from vessel_activity.type_hour;
  delete from vessel_activity.cell_history;
  update vessel_activity.settings set simulation = null where simulation = 'vessel_activity_demo';
  drop schema vessel_activity_demo cascade;
end
$$;

comment on function vessel_activity_demo.remove() is
  'Removes the simulated vessels, their positions, the areas of the demo, the whole history, and schema vessel_activity_demo.';
