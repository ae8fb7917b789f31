-- Drops the functions that an earlier version installed and this version does not have. A trigger that began before the new
-- functions were there may still call them. So this first waits until all transactions that use a table of vessel activity or
-- a source table have ended, for ten seconds at most, and holds no lock meanwhile. If they have not ended, the next migrate
-- drops the functions.
-- A function on which an object of the user is built stays, and a warning names the object.
-- It commits, so it can't carry SET: every name is qualified, and each transaction sets the search_path.
create or replace procedure vessel_activity.drop_superseded()
language plpgsql
as $$
declare
  v_gives_up_at constant timestamptz := pg_catalog.clock_timestamp() + interval '10 seconds';
  v_running text[];
  v_signatures text;
  v_kept record;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  if not exists (select from vessel_activity.superseded_routines()) then
    delete from vessel_activity_migrations.routine where ddl is null;
    return;
  end if;

  loop
    v_running := array(
      select distinct l.virtualtransaction
      from pg_locks as l
      left join pg_class as c on c.oid = l.relation
      where l.locktype = 'relation' and l.pid is distinct from pg_backend_pid()
        and l.database = (select d.oid from pg_database as d where d.datname = current_database())
        and (v_running is null or l.virtualtransaction = any (v_running))
        and (c.relnamespace = 'vessel_activity'::regnamespace or c.oid = to_regclass('public.vessel_activity_realtime')
          or c.oid in (select s.relation from vessel_activity.source_relations() as s))
    );
    exit when v_running = '{}' or clock_timestamp() > v_gives_up_at;
    commit;
    perform pg_catalog.pg_sleep(0.05);
    commit;
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  end loop;
  if v_running <> '{}' then
    raise warning using
      message = 'functions of an earlier version are still there, since transactions that began before this migrate may use them',
      hint = 'Migrate again once these have ended: select pid, xact_start, query from pg_stat_activity order by xact_start.';
    return;
  end if;

  for v_kept in select r.routine, r.dependents from vessel_activity.superseded_routines() as r where r.dependents is not null loop
    raise warning using
      message = format('%s of an earlier version stays, because these objects are built on it: %s', v_kept.routine, v_kept.dependents),
      hint = 'Drop them, or change them so that they do without it. Then migrate again.';
  end loop;
  select string_agg(r.routine::text, ', ') into v_signatures from vessel_activity.superseded_routines() as r where r.dependents is null;
  if v_signatures is not null then
    perform vessel_activity.run_ddl('drop routine ' || v_signatures);
  end if;
  delete from vessel_activity_migrations.routine as r where r.ddl is null and to_regprocedure(case when r.kind <> 'view' then r.signature end) is null;
end
$$;

comment on procedure vessel_activity.drop_superseded() is
  'Drops the functions of earlier versions that this version does not have, once no running transaction can use them. A migrate calls it, outside a transaction.';
