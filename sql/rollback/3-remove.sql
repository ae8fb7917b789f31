-- Removes every object of vessel activity but the indexes, whichever version installed it, even if the installation was
-- killed half-way. To be run in one transaction: a trigger that outlived the function it calls would make every writer fail.
-- Uses no CASCADE in schema public, because a view of the user may depend on these objects.
-- The source tables, their rows and their columns stay as they are.

-- Takes all locks that the removal needs, or none. A table that is being written is waited for half a second at a time, since
-- its other writers queue behind this. No lock is held between two tries, nor that of refreshes.
set local lock_timeout = '500ms';
do $$
declare
  v_ends_at constant timestamptz := pg_catalog.clock_timestamp() + interval '12 seconds';
  v_relations constant regclass[] := array(
    select distinct t.tgrelid::regclass
    from pg_catalog.pg_trigger as t
    join pg_catalog.pg_proc as p on p.oid = t.tgfoid
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'vessel_activity'
  );
  v_relation regclass;
  v_awaited regclass;
  v_is_alone boolean;
begin
  loop
    begin
      if v_awaited is not null then
        execute pg_catalog.format('lock table only %s in access exclusive mode', v_awaited);
      end if;
      foreach v_relation in array v_relations loop
        v_awaited := v_relation;
        execute pg_catalog.format('lock table only %s in access exclusive mode nowait', v_relation);
      end loop;
      v_awaited := null;
      if pg_catalog.to_regprocedure('vessel_activity.try_refresh_lock()') is not null then
        execute 'select vessel_activity.try_refresh_lock()' into v_is_alone;
        if not v_is_alone then
          raise exception using
            errcode = 'lock_not_available',
            message = 'a refresh has been running for more than 12 seconds',
            hint = 'Run vessel-activity rollback again once the refresh has ended.';
        end if;
      end if;
      exit;
    exception when lock_not_available then
      if pg_catalog.clock_timestamp() > v_ends_at then
        raise;
      end if;
    end;
    perform pg_catalog.pg_sleep(0.2);
  end loop;
end
$$;

-- First the simulated vessels, which only their own functions can remove.
do $$
begin
  if pg_catalog.to_regprocedure('vessel_activity.remove_simulation()') is not null then
    perform vessel_activity.remove_simulation();
  end if;
end
$$;

drop function if exists
  public.refresh_vessel_activity(),
  public.vessel_activity_at(timestamptz),
  public.vessel_activity_backfill_history(timestamptz, timestamptz, interval),
  public.vessel_activity_grant(text, text),
  public.vessel_activity_history(text, timestamptz),
  public.vessel_activity_history_csv(text, timestamptz),
  public.vessel_activity_history_json(text, timestamptz),
  public.vessel_activity_json(public.vessel_activity_realtime),
  public.vessel_activity_rebuild(),
  public.vessel_activity_revoke(text, text),
  public.vessel_activity_schedule(interval),
  public.vessel_activity_status(),
  public.vessel_activity_verify();
drop view if exists public.vessel_activity_performance;
drop schema if exists vessel_activity cascade;
drop table if exists public.vessel_activity_realtime;
drop schema if exists vessel_activity_migrations cascade;
