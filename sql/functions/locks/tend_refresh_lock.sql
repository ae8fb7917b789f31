-- Another session holds the refresh lock. Normally it refreshes, and ends soon. If it has broken its promise of progress for
-- half a minute, this function ends it, if this role may, and logs that once. If it may not, the caller can try: a session may
-- be ended by its own role. A session that has promised nothing, such as a migrate, is never ended. A stopped process does not
-- react to that until it goes on; check_refresher says so.
create or replace function vessel_activity.tend_refresh_lock(p_by text, out is_held boolean, out stuck_pid integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_holder record;
  v_told text := 'it was told to end';
begin
  select h.* into v_holder from vessel_activity.refresh_lock_holder() as h;
  if v_holder.pid is null or v_holder.pid = pg_backend_pid() then
    is_held := false;
    return;
  end if;
  is_held := true;
  if v_holder.pid is distinct from pg_sequence_last_value('vessel_activity.refresher')
    or clock_timestamp() < vessel_activity.promised_until() + interval '30 seconds'
  then
    return;
  end if;

  begin
    perform pg_terminate_backend(v_holder.pid);
  exception when insufficient_privilege then
    stuck_pid := v_holder.pid;
    v_told := format('%I may not end it', current_user);
  end;
  insert into vessel_activity.refresh_log (started_at, duration_ms, refreshed_by, sqlstate, message)
  select clock_timestamp(), 0, p_by, '55P03',
    format('session %s holds the refresh lock and shows no progress; %s', v_holder.pid, v_told)
  where not exists (
    select
    from (select l.message from vessel_activity.refresh_log as l order by l.id desc limit 10) as l
    where l.message like format('session %s holds the refresh lock%%', v_holder.pid)
  );
end
$$;

comment on function vessel_activity.tend_refresh_lock(text) is
  'is_held: whether another session holds the refresh lock. If that is a refresh that has shown no progress for half a minute longer than it promised, ends the session and logs it on behalf of p_by. stuck_pid: its process id if this role may not end it, else NULL.';
