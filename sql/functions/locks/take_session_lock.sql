-- Takes a lock that belongs to this session and outlives its transactions: migrate (one migrate or rollback at a time) or load
-- (one load into the recording, or one replay of it, at a time). The holder is a row in session_lock. The row counts only
-- while its session lives, whatever ends the session. So nobody keeps a transaction open, which would hold back vacuum.
-- A backend is known by its process, its start and the start of the server. This role may not see the start of another role's
-- backend; then the process alone decides.
-- A migrate runs this query before the function exists (vessel_activity/install/session.py).
-- Raises lock_not_available (55P03) if another session is taking the lock at this moment.
create or replace function vessel_activity.take_session_lock(p_name text)
returns text
language sql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '500ms'
as $$
  with taken as (
    insert into vessel_activity_migrations.session_lock as l (name, pid, backend_start, server_start, taken_at)
    select p_name, a.pid, a.backend_start, pg_postmaster_start_time(), clock_timestamp()
    from pg_stat_activity as a
    where a.pid = pg_backend_pid()
    on conflict (name) do update
    set pid = excluded.pid, backend_start = excluded.backend_start, server_start = excluded.server_start, taken_at = excluded.taken_at
    where l.pid = excluded.pid or l.server_start <> excluded.server_start or not exists (
      select from pg_stat_activity as o
      where o.pid = l.pid and o.datname = current_database() and coalesce(o.backend_start = l.backend_start, true)
    )
    returning l.name
  )
  select case
    when exists (select from taken) then null
    else coalesce(
      (
        select format('process %s (%s), since %s', l.pid, concat_ws(', ', 'user ' || o.usename, nullif(o.application_name, '')),
          to_char(l.taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
        from vessel_activity_migrations.session_lock as l
        join pg_stat_activity as o on o.pid = l.pid
        where l.name = p_name
      ),
      'another session')
  end
$$;

comment on function vessel_activity.take_session_lock(text) is
  'Takes the lock migrate or load for this session. Returns NULL if the session has it now; otherwise names the session that holds it. release_session_lock() or the end of the session releases it.';
