-- Begins a load. Several loads may run at the same time; but there is one recording, so one load into it or one replay at a time.
-- A load that is marked as running although its session is gone has died. Such loads are marked as interrupted here. Loads that
-- are older than settings.rejected_retention are deleted.
-- Raises object_not_in_prerequisite_state (55000) if the database holds simulated vessels, the errors of load_id_source() and
-- load_check_columns(), and those of load_lock() if p_to_recording.
create or replace function vessel_activity.load_start(p_file text, p_to_recording boolean default false)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_load_id bigint;
begin
  if p_to_recording then
    perform vessel_activity.load_lock();
  end if;
  perform vessel_activity.check_filing();

  update vessel_activity.load as l
  set state = 'interrupted', message = coalesce(l.message, 'the process of the load died; a later load noticed it')
  where l.state = 'running'
    and (l.started_at < pg_postmaster_start_time() or not exists (
      select from pg_stat_activity as a
      where a.pid = l.process and a.datname = current_database() and coalesce(a.backend_start < l.started_at, true)
    ));
  if p_to_recording then
    delete from vessel_activity.recording; -- not TRUNCATE: see vessel_activity.maintain()
  end if;
  delete from vessel_activity.load as l
  using vessel_activity.settings as s
  where l.started_at < clock_timestamp() - s.rejected_retention;

  insert into vessel_activity.load (file, to_recording) values (p_file, p_to_recording) returning id into v_load_id;
  return v_load_id;
end
$$;

comment on function vessel_activity.load_start(text, boolean) is
  'Begins a load of the named file and returns its number. p_to_recording: the positions will be kept for a replay; the present recording is deleted, and this session holds the load lock until load_end().';
