-- Whether a writer may be in flight that found the inboxes closed: then what it leaves out can't be seen yet, and no state
-- can be built. Whoever reads a sequence holds a lock on it until the transaction ends, also a prepared one. So those that
-- hold one on the guard now, after it was opened again, are remembered until they have ended. A restart gives those that
-- are prepared another virtual transaction, of backend -1: they may be any of them.
-- Called by refresh_at, under its lock, before a rebuild.
create or replace function vessel_activity.skippers_in_flight()
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reopenings constant bigint := pg_sequence_last_value('vessel_activity.reopenings');
  v_writers constant text[] := array(
    select l.virtualtransaction
    from pg_locks as l
    where l.relation = 'vessel_activity.inbox_guard'::regclass
      and l.database = (select d.oid from pg_database as d where d.datname = current_database())
      and l.granted
      and l.pid is distinct from pg_backend_pid()
  );
  v_skippers text[];
begin
  update vessel_activity.state as s
  set reopenings = v_reopenings, skippers = v_writers
  where s.reopenings is distinct from v_reopenings;
  select s.skippers into strict v_skippers from vessel_activity.state as s;
  return v_skippers && v_writers
    or v_skippers <> '{}' and exists (select from unnest(v_writers) as w (writer) where w.writer like '-1/%');
end
$$;

comment on function vessel_activity.skippers_in_flight() is
  'Whether a writer has not ended yet that may have left changes out before the inboxes were last opened again.';
