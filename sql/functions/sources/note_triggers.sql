-- Finds the triggers of vessel activity by the functions they run, on any relation and under any name.
-- In each session, either the statement triggers fire or the row trigger does. The row trigger, applied, is ENABLE REPLICA: it
-- fires with session_replication_role = replica. The statement triggers are enabled in the ordinary way: they fire otherwise.
-- BEGIN ATOMIC instead of a pinned search_path, so that PostgreSQL can inline it.
create or replace function vessel_activity.note_triggers()
returns table (relation oid, trigger_name name, event text, is_right boolean)
language sql stable
begin atomic
  select t.tgrelid, t.tgname, w.event, t.tgname = 'vessel_activity_' || w.event and t.tgenabled = w.enabled
  from (values
    ('note_positions_inserted', 'inserted', 'O'::"char"), ('note_positions_updated', 'updated', 'O'),
    ('note_positions_deleted', 'deleted', 'O'), ('note_positions_applied', 'applied', 'R'),
    ('note_vessels_inserted', 'inserted', 'O'), ('note_vessels_updated', 'updated', 'O'),
    ('note_vessels_deleted', 'deleted', 'O'), ('note_vessels_applied', 'applied', 'R'),
    ('note_tree', 'tree', 'O'), ('note_merge', 'merge', 'O')
  ) as w (function_name, event, enabled)
  join pg_proc as p
    on p.proname = w.function_name
    and p.pronamespace = (select n.oid from pg_namespace as n where n.nspname = 'vessel_activity')
  join pg_depend as d on d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid and d.classid = 'pg_trigger'::regclass
  join pg_trigger as t on t.oid = d.objid;
end;

comment on function vessel_activity.note_triggers() is
  'The triggers of vessel activity and the relations that carry them. event: what the trigger notes. is_right: it has its proper name and is enabled as it should be.';
