-- Runs a command that locks a table against writers for a moment, such as one that attaches a partition of an index. Each try
-- waits for half a second at most, since writers queue behind it, and holds no lock between two tries.
-- It commits, so it can't carry SET: every name is qualified, and each transaction sets the search_path and lock_timeout.
-- Raises lock_not_available (55P03) after fifteen seconds, and names the sessions that hold p_relation.
create or replace procedure vessel_activity.run_patiently(p_ddl text, p_relation regclass)
language plpgsql
as $$
declare
  v_gives_up_at constant timestamptz := pg_catalog.clock_timestamp() + interval '15 seconds';
  v_holders text;
  v_is_told boolean := false;
begin
  loop
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.set_config('lock_timeout', '500ms', true);
    begin
      perform vessel_activity.run_ddl(p_ddl);
      v_holders := null;
    exception when lock_not_available then
      v_holders := coalesce(vessel_activity.lock_holders(p_relation, 'share'), 'a session that has ended meanwhile');
      if clock_timestamp() > v_gives_up_at then
        raise exception using
          errcode = 'lock_not_available',
          message = format('%s is locked; gave up after 15 seconds of waiting for %s', p_relation, v_holders),
          detail = format('The command was: %s', p_ddl),
          hint = 'Wait until that session has ended its transaction, or end the session: select pg_terminate_backend(process). Then run this again.';
      end if;
    end;
    exit when v_holders is null;
    if not v_is_told then
      v_is_told := true;
      raise warning '%', format('%s is locked; waiting for %s; gives up after 15 seconds', p_relation, v_holders);
    end if;
    commit;
    perform pg_catalog.pg_sleep(1);
    commit;
  end loop;
end
$$;

comment on procedure vessel_activity.run_patiently(text, regclass) is
  'Runs p_ddl, which locks p_relation or a part of it, and tries again for fifteen seconds while a lock is not free. Every name in p_ddl must be qualified. Call it outside a transaction.';
