-- Puts our triggers on every source relation that lacks them, and takes off those that don't belong: on what is no source
-- any more (a detached partition, a table renamed away), on a source with a foreign table, under another name. On every
-- migrate, and between refreshes for what came since. Both lock the relation against writers for a moment: with p_nowait a
-- relation that is being written is left for the next time. What could not be done is returned; the refresh then computes
-- by the definition, and the status says why.
-- Gives up on a lock before PostgreSQL looks for deadlocks, so that a writer who holds the other table's never falls victim.
create or replace function vessel_activity.install_triggers(p_nowait boolean default false)
returns table (problem text, may_pass boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '500ms'
as $$
declare
  v_relation record;
  v_trigger record;
  v_event record;
begin
  for v_trigger in
    select o.relation::regclass as relation, o.trigger_name as name, s.relation is null as is_no_source
    from vessel_activity.our_triggers() as o
    left join vessel_activity.source_relations() as s on s.relation = o.relation
    where s.relation is null or s.needed_triggers = 0 or o.trigger_name <> 'vessel_activity_' || o.event
    order by o.relation, o.trigger_name
  loop
    begin
      if p_nowait then
        execute format('lock table only %s in access exclusive mode nowait', v_trigger.relation);
      end if;
      execute format('drop trigger %I on %s', v_trigger.name, v_trigger.relation);
    exception when insufficient_privilege or lock_not_available then
      problem := format('%s%s: %s', v_trigger.relation, case when v_trigger.is_no_source then ', no source any more' end, sqlerrm);
      may_pass := sqlstate = '55P03';
      return next;
    end;
  end loop;

  for v_relation in
    select s.source, s.relation::regclass as name, s.has_children
    from vessel_activity.source_relations() as s
    where s.needed_triggers > (
      select count(*) from vessel_activity.our_triggers() as o where o.relation = s.relation and o.is_right
    )
    order by s.relation
  loop
    begin
      if p_nowait then
        execute format('lock table only %s in share row exclusive mode nowait', v_relation.name);
      end if;
      for v_event in
        select *
        from (values
          ('inserted', 'insert', 'referencing new table as new_rows'),
          ('updated', 'update', 'referencing old table as old_rows new table as new_rows'),
          ('deleted', 'delete', 'referencing old table as old_rows'),
          ('tree', 'insert or update or delete', null),
          ('merge', 'update', 'referencing old table as old_rows new table as new_rows')
        ) as e (what, event, transition)
        where e.what not in ('tree', 'merge') or v_relation.has_children
      loop
        execute format(
          'create or replace trigger %1$I after %2$s on %3$s %4$s for each statement execute function vessel_activity.%5$I()',
          'vessel_activity_' || v_event.what, v_event.event, v_relation.name, v_event.transition,
          case when v_event.what in ('tree', 'merge') then 'note_' || v_event.what
            else format('note_%s_%s', case v_relation.source when 'vessels' then 'vessels' else 'positions' end, v_event.what) end);
        execute format('alter table only %s enable always trigger %I', v_relation.name, 'vessel_activity_' || v_event.what);
        execute format('comment on trigger %I on %s is %L', 'vessel_activity_' || v_event.what, v_relation.name,
          'Notes changes for the vessel activity figures. Taken off by make rollback.');
      end loop;
    exception when insufficient_privilege or lock_not_available then
      problem := format('%s: %s', v_relation.name, sqlerrm);
      may_pass := sqlstate = '55P03';
      return next;
    end;
  end loop;
end
$$;

comment on function vessel_activity.install_triggers(boolean) is
  'Puts the triggers on every source relation that lacks them, and takes off those that do not belong; returns what could not be done and why, and whether it may pass. p_nowait: leave a relation that is being written.';
