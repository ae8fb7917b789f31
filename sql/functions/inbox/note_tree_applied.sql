-- Does the work of note_tree for the row triggers, which fire in place of note_tree in replica sessions. It is done once for
-- each relation that a transaction writes, and only if the relation is a partition. A setting of the transaction remembers the
-- relation.
create or replace function vessel_activity.note_tree_applied(p_relation oid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('vessel_activity.applied_to', true) = p_relation::text then
    return;
  end if;
  perform set_config('vessel_activity.applied_to', p_relation::text, true);
  if (select c.relispartition from pg_class as c where c.oid = p_relation)
    and (select s.relations from vessel_activity.state as s) is distinct from vessel_activity.source_tree()
  then
    insert into vessel_activity.inbox (sign) select 0 where vessel_activity.take_inbox_ticket();
  end if;
end
$$;

comment on function vessel_activity.note_tree_applied(oid) is
  'Puts a row of sign 0 into the inbox if p_relation is a partition and the source tables consist of other relations than when the state was built. For the row triggers of replica sessions.';
