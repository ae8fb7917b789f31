-- A skipper is a writer that found the inboxes closed and left its changes out. While a skipper is in flight, its changes
-- can't be seen, so the state must not be rebuilt. This function records the writers that may be skippers.
-- Reading a sequence takes a lock on it until the transaction ends, also if the transaction is prepared. So the
-- transactions that hold a lock on the guard just after the inboxes were opened again are recorded.
-- A restart gives prepared transactions new virtual transactions, of backend -1. Each of those may be a recorded one.
-- The caller holds the refresh lock.
create or replace function vessel_activity.record_skippers()
returns text[]
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
  return array(
    select w.writer
    from unnest(v_writers) as w (writer)
    where w.writer = any (v_skippers) or v_skippers <> '{}' and w.writer like '-1/%'
  );
end
$$;

comment on function vessel_activity.record_skippers() is
  'Once after each opening of the inboxes, records the transactions that may have left changes out while the inboxes were closed. Returns those that may still be running.';
