-- Removes every object of vessel activity that step 2 has left, whichever version installed it, even if the installation was
-- killed half-way. To be run in one transaction: a trigger that outlived the function it calls would make every writer fail.
-- The transaction has taken all locks that it needs before (sql/install/take_locks.sql), so no step waits.
-- Uses no CASCADE in schema public, because a view of the user may depend on these objects.
-- The source tables, their rows and their columns stay as they are.

-- First the simulated vessels, which only their own functions can remove.
do $$
begin
  if pg_catalog.to_regprocedure('vessel_activity.remove_simulation()') is not null then
    perform vessel_activity.remove_simulation();
  end if;
end
$$;

do $$
declare
  v_name text;
begin
  for v_name in
    select pg_catalog.format('%I.%I', n.nspname, c.relname)
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_index as i on i.indexrelid = c.oid
    where c.relkind = 'I' and not exists (select from pg_catalog.pg_inherits as h where h.inhrelid = c.oid)
      and c.relname in (
        'vessel_activity_timestamp_idx', 'vessel_activity_vessel_timestamp_idx',
        'vessel_activity_timestamp_idx_' || i.indrelid, 'vessel_activity_vessel_timestamp_idx_' || i.indrelid)
  loop
    execute 'drop index ' || v_name;
  end loop;

  -- Functions that an earlier version had in schema public, and that could not be dropped when it was upgraded.
  if pg_catalog.to_regclass('vessel_activity_migrations.routine') is not null then
    for v_name in
      execute 'select r.signature from vessel_activity_migrations.routine as r where r.ddl is null and r.kind <> ''view'''
    loop
      execute 'drop routine if exists ' || v_name;
    end loop;
  end if;
end
$$;

-- The addresses and passwords of members.
do $$
declare
  v_server text;
begin
  if pg_catalog.to_regclass('vessel_activity.member') is not null then
    for v_server in
      execute 'select s.srvname from vessel_activity.member as m '
        'join pg_catalog.pg_foreign_server as s on s.srvname = ''vessel_activity_member_'' || m.name'
    loop
      execute pg_catalog.format('drop server %I cascade', v_server);
    end loop;
  end if;
end
$$;

drop function if exists
  public.refresh_vessel_activity(),
  public.vessel_activity_area_put(text, jsonb),
  public.vessel_activity_area_remove(text),
  public.vessel_activity_at(timestamptz),
  public.vessel_activity_backfill_history(timestamptz, timestamptz, interval),
  public.vessel_activity_feed_at(timestamptz),
  public.vessel_activity_grant(name, text), -- of the versions before the first release
  public.vessel_activity_grant(text, text),
  public.vessel_activity_history(text, timestamptz),
  public.vessel_activity_history_csv(text, timestamptz),
  public.vessel_activity_history_json(text, timestamptz),
  public.vessel_activity_json(public.vessel_activity_realtime),
  public.vessel_activity_member_add(text, text),
  public.vessel_activity_member_remove(text),
  public.vessel_activity_rebuild(),
  public.vessel_activity_revoke(text, text),
  public.vessel_activity_schedule(interval),
  public.vessel_activity_status(),
  public.vessel_activity_unwatch(text),
  public.vessel_activity_verify(),
  public.vessel_activity_watch(text, text, text, numeric, interval, text);
drop view if exists public.vessel_activity_performance;
drop schema if exists vessel_activity cascade;
drop table if exists public.vessel_activity_area;
drop table if exists public.vessel_activity_realtime;
drop schema if exists vessel_activity_migrations cascade;
