-- Makes the triggers of vessel activity on every source table that lacks them, also on partitions and children. Drops the
-- triggers that do not belong: on a relation that is no longer a source table (a detached partition, a renamed table), on a
-- source that may carry none (source_relations says why), and those under other names.
-- Every migrate calls it, and maintain calls it between refreshes for new partitions. All steps for a relation are done
-- together or not at all.
-- Both kinds of change lock the relation against writers until the transaction ends. So the function waits for a lock only
-- while it holds none, for 0.3 seconds at most, and with p_nowait not at all. A relation that is being written is left for
-- the next call. After a quarter of a second of work the function stops and returns a row without a problem: there is more to
-- do in the next transaction.
-- The function returns what it could not do. Then refreshes compute by the definition, and the status says why.
-- PostgreSQL, an extension or an event trigger may refuse the triggers of a relation, whatever the error. The refusal is kept in
-- refused_triggers. With p_nowait such a relation is not locked again for nothing.
-- While Citus manages a source, the triggers on other relations stay: Citus may have moved them to a shard. It drops those of the
-- shards with those of the table, and refuses to drop them alone.
-- It gives up on a lock before PostgreSQL looks for deadlocks, so that no writer that holds the lock of the other source table
-- is cancelled.
create or replace function vessel_activity.install_triggers(p_nowait boolean default false)
returns table (problem text, may_pass boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '300ms'
as $$
declare
  v_stops_at constant timestamptz := clock_timestamp() + interval '250 ms';
  v_holds_locks boolean := false;
  v_relation record;
  v_trigger record;
  v_event record;
begin
  perform vessel_activity.open_shards();
  delete from vessel_activity.refused_triggers as f
  where not p_nowait
    or f.relation not in (select s.relation from vessel_activity.source_relations() as s where s.needed_triggers > 0);

  for v_trigger in
    select t.relation::regclass as relation, t.trigger_name as name, s.relation is null as is_no_source
    from vessel_activity.note_triggers() as t
    left join vessel_activity.source_relations() as s on s.relation = t.relation
    where s.relation is not null and (s.needed_triggers = 0 or t.trigger_name <> 'vessel_activity_' || t.event)
      or s.relation is null and not exists (select from vessel_activity.source_relations() as c where c.refusal like '%Citus%')
    order by t.relation, t.trigger_name
  loop
    if v_holds_locks and clock_timestamp() > v_stops_at then
      problem := null;
      may_pass := true;
      return next;
      return;
    end if;
    begin
      if p_nowait or v_holds_locks then
        execute format('lock table only %s in access exclusive mode nowait', v_trigger.relation);
      end if;
      perform vessel_activity.run_ddl(format('drop trigger if exists %I on %s', v_trigger.name, v_trigger.relation));
      v_holds_locks := true;
    exception when others then
      may_pass := sqlstate in ('55P03', '55006');
      problem := format('%s%s: %s', v_trigger.relation, case when v_trigger.is_no_source then ', no longer a source table' end,
        coalesce(case when sqlstate = '55P03' then 'locked by ' || vessel_activity.lock_holders(v_trigger.relation, 'access exclusive') end, sqlerrm));
      return next;
    end;
  end loop;

  for v_relation in
    select s.source, s.relation, s.relation::regclass as name, s.kind, s.has_children, f.problem as refused
    from vessel_activity.source_relations() as s
    left join vessel_activity.refused_triggers as f on f.relation = s.relation
    where s.needed_triggers > (
      select count(*) from vessel_activity.note_triggers() as t where t.relation = s.relation and t.is_right
    )
    order by s.relation
  loop
    if v_relation.refused is not null then
      problem := v_relation.refused;
      may_pass := false;
      return next;
      continue;
    end if;
    if v_holds_locks and clock_timestamp() > v_stops_at then
      problem := null;
      may_pass := true;
      return next;
      return;
    end if;
    begin
      if p_nowait or v_holds_locks then
        execute format('lock table only %s in share row exclusive mode nowait', v_relation.name);
      end if;
      for v_event in
        select *
        from (values
          ('inserted', 'insert', 'referencing new table as new_rows', 'enable', true),
          ('updated', 'update', 'referencing old table as old_rows new table as new_rows', 'enable', true),
          ('deleted', 'delete', 'referencing old table as old_rows', 'enable', true),
          ('applied', 'insert or update or delete', null, 'enable replica', v_relation.kind = 'r'),
          ('tree', 'insert or update or delete', null, 'enable', v_relation.has_children),
          ('merge', 'update', null, 'enable', v_relation.has_children)
        ) as e (what, event, transition, enabling, is_needed)
        where e.is_needed
      loop
        perform vessel_activity.run_ddl(format(
          'create or replace trigger %1$I after %2$s on %3$s %4$s for each %5$s execute function vessel_activity.%6$I()',
          'vessel_activity_' || v_event.what, v_event.event, v_relation.name, v_event.transition,
          case v_event.what when 'applied' then 'row' else 'statement' end,
          case
            when v_event.what in ('tree', 'merge') then 'note_' || v_event.what
            else format('note_%s_%s', case v_relation.source when 'vessels' then 'vessels' else 'positions' end, v_event.what)
          end));
        perform vessel_activity.run_ddl(
          format('alter table only %s %s trigger %I', v_relation.name, v_event.enabling, 'vessel_activity_' || v_event.what));
        perform vessel_activity.run_ddl(format('comment on trigger %I on %s is %L', 'vessel_activity_' || v_event.what, v_relation.name,
          'Notes changes for vessel activity. Removed by vessel-activity rollback.'));
      end loop;
      v_holds_locks := true;
    exception when others then
      may_pass := sqlstate in ('55P03', '55006');
      problem := format('%s: %s', v_relation.name,
        coalesce(case when sqlstate = '55P03' then 'locked by ' || vessel_activity.lock_holders(v_relation.name, 'share row exclusive') end, sqlerrm));
      if not may_pass and sqlstate <> '42501' then -- a missing right is found out without a lock
        insert into vessel_activity.refused_triggers (relation, problem) values (v_relation.relation, install_triggers.problem);
      end if;
      return next;
    end;
  end loop;
end
$$;

comment on function vessel_activity.install_triggers(boolean) is
  'Makes the triggers of vessel activity on every source table that lacks them, and drops those that do not belong. Returns what could not be done: problem (NULL: there is more to do in another transaction), and may_pass if a later call may succeed. p_nowait: leave a relation that is being written, or that refused the triggers before.';
