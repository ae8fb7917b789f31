-- Finds the session that holds the refresh lock of this database. Of the sessions of other roles, only members of
-- pg_read_all_stats see when the transaction began and whether the session is idle.
create or replace function vessel_activity.refresh_lock_holder(
  out pid integer, out application_name text, out session_state text, out began_at timestamptz
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select l.pid, a.application_name, a.state, a.xact_start
  from pg_locks as l
  join pg_stat_activity as a on a.pid = l.pid
  where l.locktype = 'relation' and l.relation = to_regclass('vessel_activity.refresh_lock') and l.mode = 'ShareUpdateExclusiveLock'
    and l.granted and l.database = (select d.oid from pg_database as d where d.datname = current_database())
  limit 1
$$;

comment on function vessel_activity.refresh_lock_holder() is
  'The session that holds the refresh lock of this database, all NULL if there is none. pid: its process id. session_state, began_at: state and xact_start of pg_stat_activity; NULL if this role may not see them.';
