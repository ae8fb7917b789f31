-- Takes all locks that a step of a migrate or rollback needs, or none, until the transaction ends. Only while it holds none
-- does it wait. For three seconds it asks for no lock that is not free, so that no writer queues behind it. After that it waits
-- for one lock for half a second at a time (lock_timeout), with a second in between.
-- After two seconds it names the sessions that it waits for. After fifteen it gives up and raises lock_not_available (55P03).
-- vessel_activity/install/locks.py replaces <wanted> by a query of the locks (relation, mode) in their order, and <holders> by
-- the query of vessel_activity.lock_holders(), because this also runs where that function is not installed.
-- A shard of Citus may carry triggers of vessel activity. Citus lets nobody lock or change it without the second setting.
set local lock_timeout = '500ms';
set local citus.enable_manual_changes_to_shards = on;
do $$
declare
  v_path constant text := pg_catalog.current_setting('search_path');
  v_began_at constant timestamptz := pg_catalog.clock_timestamp();
  v_waited interval;
  v_lock record;
  v_command text;
  v_relation regclass;
  v_mode text;
  v_holders text;
  v_name text;
  v_told_at interval := interval '-1 hour';
begin
  -- No function or operator of another role in schema public may take part.
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  loop
    v_waited := pg_catalog.clock_timestamp() - v_began_at;
    begin
      if v_waited > interval '3 seconds' then
        execute v_command;
      end if;
      for v_lock in <wanted> loop
        v_relation := v_lock.relation;
        v_mode := v_lock.mode;
        v_command := pg_catalog.format('lock table only %s in %s mode', v_relation, v_mode);
        execute v_command || ' nowait';
      end loop;
      exit;
    exception when lock_not_available then
      null; -- the locks that it got are given back
    end;
    v_name := (select pg_catalog.format('%s.%I', c.relnamespace::regnamespace, c.relname) from pg_catalog.pg_class as c where c.oid = v_relation);
    v_holders := coalesce((<holders>), 'a session that has ended meanwhile');
    if v_waited > interval '15 seconds' then
      raise exception using
        errcode = 'lock_not_available',
        message = pg_catalog.format('%s is locked; gave up after 15 seconds of waiting for %s', v_name, v_holders),
        hint = 'Wait until that session has ended its transaction, or end the session: select pg_terminate_backend(process). Then run this again.';
    elsif v_waited > interval '2 seconds' and v_waited > v_told_at + interval '6 seconds' then
      v_told_at := v_waited;
      raise warning '%', pg_catalog.format('%s is locked; waiting for %s; gives up after 15 seconds', v_name, v_holders);
    end if;
    perform pg_catalog.pg_sleep(case when v_waited > interval '3 seconds' then 1 else 0.1 end);
  end loop;
  perform pg_catalog.set_config('search_path', v_path, true);
end
$$;
