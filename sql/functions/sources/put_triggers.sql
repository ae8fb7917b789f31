-- Puts the triggers on the source tables for a migrate, and repeats what may succeed later. For three seconds it waits for no
-- lock, so that no writer queues behind it. After that, it waits half a second at a time for a table that is never free of
-- writers, with a second in between. Each try is a transaction of its own, so this procedure can't be called inside one.
-- While it waits or sleeps it holds no lock on any table (see install_triggers). After two seconds it says for whom it waits.
-- It commits, so it can't carry SET: every name is qualified, and each transaction sets the search_path.
create or replace procedure vessel_activity.put_triggers(inout p_problems text[] default null)
language plpgsql
as $$
declare
  v_began_at timestamptz := pg_catalog.clock_timestamp();
  v_waited interval;
  v_has_more boolean;
  v_pause_seconds double precision; -- NULL: the last try
  v_told_at interval := interval '-1 hour';
begin
  delete from vessel_activity.refused_triggers; -- a migrate tries every relation again
  loop
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    v_waited := clock_timestamp() - v_began_at;
    select coalesce(array_agg(t.problem) filter (where t.problem is not null), '{}'),
      coalesce(bool_or(t.problem is null), false),
      case when bool_or(t.may_pass) and v_waited < interval '12 seconds'
        then case when v_waited < interval '3 seconds' then 0.1 else 1 end
      end
    into p_problems, v_has_more, v_pause_seconds
    from vessel_activity.install_triggers(v_waited < interval '3 seconds') as t;
    if v_has_more then
      v_began_at := clock_timestamp(); -- the time was spent on work
    end if;
    commit;
    continue when v_has_more;
    exit when v_pause_seconds is null;
    if v_waited > interval '2 seconds' and v_waited > v_told_at + interval '6 seconds' then
      v_told_at := v_waited;
      raise warning '%', format('the triggers have to wait: %s; gives up after 12 seconds', array_to_string(p_problems, '; '));
    end if;
    perform pg_catalog.pg_sleep(v_pause_seconds);
  end loop;
end
$$;

comment on procedure vessel_activity.put_triggers(text[]) is
  'Puts the triggers of vessel activity on the source tables. Tries for up to 12 seconds, and returns the problems that remain. Example: call vessel_activity.put_triggers().';
