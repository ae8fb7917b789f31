-- Releases a lock that this session has taken with take_session_lock. Does nothing if it does not hold the lock.
-- A migrate runs this query before the function exists (vessel_activity/install/session.py).
create or replace function vessel_activity.release_session_lock(p_name text)
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  delete from vessel_activity_migrations.session_lock as l
  where l.name = p_name and l.pid = pg_backend_pid() and l.server_start = pg_postmaster_start_time()
$$;

comment on function vessel_activity.release_session_lock(text) is
  'Releases the lock migrate or load, if this session holds it.';
