-- Refuses a database that can't take AIS reports, before the first one is filed. Loads and feeds call it when they begin.
-- Raises object_not_in_prerequisite_state (55000) if the database holds simulated vessels, feature_not_supported (0A000) if Citus
-- keeps a source table in shards, and the errors of load_id_source() and load_check_columns().
create or replace function vessel_activity.check_filing()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_simulation constant name := vessel_activity.simulation();
begin
  if v_simulation is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'this database holds simulated vessels; real and simulated vessels are not mixed',
      hint = format('Load into another database (DATABASE_URL, or VESSEL_ACTIVITY_DATA_DIR for an embedded one), or remove the simulated vessels first: select %I.remove();', v_simulation);
  end if;
  -- If a simulation is named here, its schema was dropped without calling its remove().
  update vessel_activity.settings set simulation = null where simulation is not null;

  perform vessel_activity.refuse_shards('to file reports, as load and feed do,');
  perform vessel_activity.load_id_source('vessels');
  perform vessel_activity.load_id_source('vessel_positions');
  perform vessel_activity.load_check_columns();
end
$$;

comment on function vessel_activity.check_filing() is
  'Raises an error if the source tables can''t take AIS reports, or hold simulated vessels.';
