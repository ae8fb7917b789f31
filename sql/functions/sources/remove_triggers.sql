-- Drops every trigger of vessel activity. A migrate that fails calls it if there were none before, so that a failed migrate
-- leaves writers alone. Without the triggers, refreshes compute by the definition.
-- Locks each relation against all others until the transaction ends. The caller has taken these locks (sql/install/take_locks.sql):
-- otherwise writers would queue behind it, for half a second at most; then it raises lock_not_available.
create or replace function vessel_activity.remove_triggers()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '500ms'
as $$
declare
  v_trigger record;
begin
  for v_trigger in
    select t.relation::regclass as relation, t.trigger_name as name
    from vessel_activity.note_triggers() as t
    left join vessel_activity.source_relations() as s on s.relation = t.relation
    order by s.relation is null, t.relation, t.trigger_name
  loop
    -- With the triggers of a table, Citus drops those of its shards.
    continue when not exists (select from pg_trigger as t where t.tgrelid = v_trigger.relation and t.tgname = v_trigger.name);
    execute format('drop trigger %I on %s', v_trigger.name, v_trigger.relation);
  end loop;
end
$$;

comment on function vessel_activity.remove_triggers() is
  'Drops every trigger of vessel activity from the source tables and from all other relations.';
