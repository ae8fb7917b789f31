-- A skipper is a writer that left its changes out: it found the inboxes closed, or it found no inbox, because schema
-- vessel_activity had another name or the inbox had been dropped. While a skipper is in flight, its changes can't be seen, so the state must not be rebuilt.
-- This function records the writers that may be skippers.
-- Reading a sequence takes a lock on it until the transaction ends, also if the transaction is prepared. So the
-- transactions that hold a lock on the guard just after the inboxes were opened again are recorded. If the schema was renamed
-- or an inbox made again, all transactions that hold the lock of a writer on a source table are recorded.
-- A restart gives prepared transactions new virtual transactions, of backend -1. Each of those may be a recorded one.
-- The caller holds the refresh lock.
create or replace function vessel_activity.record_skippers()
returns text[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reopenings constant bigint := pg_sequence_last_value('vessel_activity.reopenings');
  -- What the triggers note. A writer that began with the triggers of a version that noted less may be in flight.
  v_noting constant text := 'places';
  v_inbox_version constant text := (
    select concat_ws(' ', v_noting, n.xmin, to_regclass('vessel_activity.inbox')::oid, to_regclass('vessel_activity.fleet_inbox')::oid,
      to_regclass('vessel_activity.inbox_parts')::oid)
    from pg_namespace as n
    where n.nspname = 'vessel_activity'
  );
  v_state vessel_activity.state;
  v_guarded text[];
  v_writers text[];
begin
  select s.* into strict v_state from vessel_activity.state as s;
  select
    array_agg(distinct l.virtualtransaction) filter (where l.relation = 'vessel_activity.inbox_guard'::regclass),
    coalesce(array_agg(distinct l.virtualtransaction), '{}')
  into v_guarded, v_writers
  from pg_locks as l
  where (
      l.relation = 'vessel_activity.inbox_guard'::regclass
      or l.mode = 'RowExclusiveLock' and l.relation in (select r.relation from vessel_activity.source_relations() as r)
    )
    and l.database = (select d.oid from pg_database as d where d.datname = current_database())
    and l.granted
    and l.pid is distinct from pg_backend_pid();

  if v_state.reopenings is distinct from v_reopenings or v_state.inbox_version is distinct from v_inbox_version then
    update vessel_activity.state as s
    set reopenings = v_reopenings,
      inbox_version = v_inbox_version,
      skippers = case
        when v_state.inbox_version <> v_inbox_version then v_writers
        else coalesce(v_guarded, '{}') || array(select w.writer from unnest(v_state.skippers) as w (writer) where w.writer = any (v_writers))
      end
    returning s.skippers into v_state.skippers;
  end if;
  return array(
    select w.writer
    from unnest(v_writers) as w (writer)
    where w.writer = any (v_state.skippers) or v_state.skippers <> '{}' and w.writer like '-1/%'
  );
end
$$;

comment on function vessel_activity.record_skippers() is
  'Once after each opening of the inboxes, and after a time when they were not there, records the transactions that may have left changes out meanwhile. Returns those that may still be running.';
