-- Puts our triggers on every source relation that lacks them: on every migrate, and between refreshes for partitions
-- that came since. Creating a trigger locks the relation against writers for a moment: with p_nowait a relation that
-- is being written is left for the next time. Returns what could not be done; the refresh then computes by the
-- definition, and the status says why.
create or replace function vessel_activity.install_triggers(p_nowait boolean default false)
returns text[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_relation record;
  v_event record;
  v_problems text[] := '{}';
begin
  for v_relation in
    select s.source, s.relation::regclass as name
    from vessel_activity.source_relations() as s
    join pg_class as c on c.oid = s.relation
    where c.relkind in ('r', 'p')
      and 3 <> (
        select count(*) from pg_trigger as t
        where t.tgrelid = s.relation and t.tgname like 'vessel\_activity\_%' and t.tgenabled = 'A'
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
          ('inserted', 'insert', 'new table as new_rows'),
          ('updated', 'update', 'old table as old_rows new table as new_rows'),
          ('deleted', 'delete', 'old table as old_rows')
        ) as e (what, event, transition)
      loop
        execute format(
          'create or replace trigger %1$I after %2$s on %3$s referencing %4$s for each statement '
          'execute function vessel_activity.%5$I()',
          'vessel_activity_' || v_event.what, v_event.event, v_relation.name, v_event.transition,
          format('note_%s_%s', case v_relation.source when 'vessels' then 'vessels' else 'positions' end, v_event.what));
        execute format('alter table only %s enable always trigger %I', v_relation.name, 'vessel_activity_' || v_event.what);
      end loop;
    exception when insufficient_privilege or lock_not_available then
      v_problems := v_problems || format('%s: %s', v_relation.name, sqlerrm);
    end;
  end loop;
  return v_problems;
end
$$;

comment on function vessel_activity.install_triggers(boolean) is
  'Puts the triggers on every source relation that lacks them; returns what could not be done and why. p_nowait: leave a relation that is being written.';
