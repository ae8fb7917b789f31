-- A database has one recording. So one load into the recording, or one replay of it, runs at a time. The lock belongs to
-- the session, so it is released when the session ends, whatever ends it. load_end() releases it earlier.
-- Raises lock_not_available (55P03), naming the session that holds the lock.
create or replace function vessel_activity.load_lock()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_other constant text := vessel_activity.take_session_lock('load');
begin
  if v_other is not null then
    raise exception using
      errcode = 'lock_not_available',
      message = 'another replay is running in this database',
      detail = v_other,
      hint = 'Wait until that session has ended, or stop it. Then try again.';
  end if;
end
$$;

comment on function vessel_activity.load_lock() is
  'Takes the load lock for this session, or raises lock_not_available and names the session that holds it.';
