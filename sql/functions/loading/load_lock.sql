-- Takes the load lock for this session: one load or replay at a time in a database. A session-level advisory lock, so that
-- it ends with the session, however that ends. Called by load_start and replay_start; load_end gives it back.
-- Raises lock_not_available (55P03), naming who holds it, while another session does.
create or replace function vessel_activity.load_lock()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_other text;
begin
  if not pg_try_advisory_lock(vessel_activity.advisory_class(), 4) then
    select format('%s, process %s, since %s', nullif(a.application_name, ''), a.pid, to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
    into v_other
    from pg_locks as l
    join pg_stat_activity as a on a.pid = l.pid
    where l.locktype = 'advisory' and l.classid = vessel_activity.advisory_class()::oid and l.objid = 4 and l.granted
      and l.database = (select d.oid from pg_database as d where d.datname = current_database());
    raise exception using
      errcode = 'lock_not_available',
      message = 'another load or replay is running in this database',
      detail = v_other,
      hint = 'Wait for it or stop it, then run this again.';
  end if;
end
$$;

comment on function vessel_activity.load_lock() is
  'Takes the load lock for this session, or raises lock_not_available naming the session that holds it.';
