-- By the functions they run, and found through these: whatever relation carries one, and under whatever name.
-- Called by source_fingerprint, into which it is inlined, and by install_triggers.
create or replace function vessel_activity.our_triggers()
returns table (relation oid, trigger_name name)
language sql stable
begin atomic
  select t.tgrelid, t.tgname
  from pg_proc as p
  join pg_depend as d on d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid and d.classid = 'pg_trigger'::regclass
  join pg_trigger as t on t.oid = d.objid
  where p.pronamespace = (select n.oid from pg_namespace as n where n.nspname = 'vessel_activity')
    and p.proname in (
      'note_positions_inserted', 'note_positions_updated', 'note_positions_deleted',
      'note_vessels_inserted', 'note_vessels_updated', 'note_vessels_deleted'
    );
end;

comment on function vessel_activity.our_triggers() is 'The triggers that note changes, and the relations that carry them.';
