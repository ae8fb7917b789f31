-- Begins a load. One load at a time runs in a database, and its session holds the load lock until it ends. So if the lock
-- is free, a load that is still marked as running has died. Such loads are marked as interrupted here. Loads that are older
-- than settings.rejected_retention are deleted.
-- Raises lock_not_available (55P03) while another load or replay runs, object_not_in_prerequisite_state (55000) if the
-- database holds simulated vessels, and the errors of load_id_source() and load_check_columns().
create or replace function vessel_activity.load_start(p_file text, p_to_recording boolean default false)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_load_id bigint;
  v_simulation constant name := vessel_activity.simulation();
begin
  perform vessel_activity.load_lock();

  if v_simulation is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'this database holds simulated vessels; real and simulated vessels are not mixed',
      hint = format('Load into another database (DATABASE_URL, or VESSEL_ACTIVITY_DATA_DIR for an embedded one), or remove the simulated vessels first: select %I.remove();', v_simulation);
  end if;
  -- If a simulation is named here, its schema was dropped without calling its remove().
  update vessel_activity.settings set simulation = null where simulation is not null;

  perform vessel_activity.load_id_source(to_regclass('public.vessels'));
  perform vessel_activity.load_id_source(to_regclass('public.vessel_positions'));
  perform vessel_activity.load_check_columns();

  update vessel_activity.load as l
  set state = 'interrupted', message = coalesce(l.message, 'the process of the load died; a later load noticed it')
  where l.state = 'running';
  -- DELETE, because unlogged tables are never truncated: see vessel_activity.maintain(). The loader vacuums them afterwards.
  delete from vessel_activity.landing;
  delete from vessel_activity.landed_vessel;
  if p_to_recording then
    delete from vessel_activity.recording;
  end if;
  delete from vessel_activity.load as l
  using vessel_activity.settings as s
  where l.started_at < clock_timestamp() - s.rejected_retention;

  insert into vessel_activity.load (file) values (p_file) returning id into v_load_id;
  return v_load_id;
end
$$;

comment on function vessel_activity.load_start(text, boolean) is
  'Begins a load of the named file and returns its number. This session holds the load lock until it ends. p_to_recording: the positions will be kept for a replay; the present recording is deleted.';
