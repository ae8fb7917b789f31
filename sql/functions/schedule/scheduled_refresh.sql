-- The body of the pg_cron job. It refreshes whenever a refresh is due during the p_period_seconds until the next run of the job.
-- With pg_cron 1.5 and later the period is the refresh interval, and it refreshes once. pg_cron 1.4 only has schedules by the
-- minute, so there it runs for the whole minute. It ends before the period does, and before statement_timeout would cancel it.
-- While it sleeps it holds no lock: it commits first. PostgreSQL gives it a snapshot all the same, for which vacuum keeps dead
-- rows and CREATE INDEX CONCURRENTLY waits. So it sleeps half a second at a time, each in a transaction of its own.
-- It tells listeners of each new row in a transaction of its own (announce). If the interval is changed meanwhile, it looks
-- anew whether a refresh is due.
-- It logs errors and goes on. It commits, so it can't have a SET clause: every name is qualified, and search_path is set again
-- in each transaction.
create or replace procedure vessel_activity.scheduled_refresh(p_period_seconds integer)
language plpgsql
as $$
declare
  v_ends_at constant timestamptz := vessel_activity.run_ends_at(
    p_period_seconds, pg_catalog.current_setting('statement_timeout'), pg_catalog.statement_timestamp());
  v_started_at timestamptz;
  v_wait_seconds double precision;
  v_wakes_at timestamptz;
  v_interval interval;
  v_old_interval interval;
  v_sqlstate text;
  v_message text;
  v_problem text;
begin
  loop
    -- Ends the transaction of the sleep, whose now() is too old. Only a new transaction can set its isolation level, for which
    -- the database may have another default.
    commit;
    set transaction isolation level read committed;
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    v_started_at := clock_timestamp();
    select s.refresh_interval into v_old_interval from vessel_activity.settings as s;
    begin
      select r.wait_seconds, r.problem into v_wait_seconds, v_problem from vessel_activity.refresh_if_due('pg_cron') as r;
      v_sqlstate := null;
      if v_problem is not null then
        raise warning using errcode = 'connection_exception', message = v_problem; -- it is in the log already
      end if;
    exception when others then
      get stacked diagnostics v_sqlstate = returned_sqlstate, v_message = message_text;
    end;
    if v_sqlstate is not null then
      perform vessel_activity.log_failure('pg_cron', v_started_at, v_sqlstate, v_message);
      raise warning using errcode = v_sqlstate, message = v_message;
      select extract(epoch from s.refresh_interval) into v_wait_seconds from vessel_activity.settings as s;
    end if;
    commit;
    set transaction isolation level read committed;
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    begin
      perform vessel_activity.maintain();
    exception when others then
      get stacked diagnostics v_sqlstate = returned_sqlstate, v_message = message_text;
      -- The figures are right without it, and the next refresh tries again.
      raise warning using errcode = v_sqlstate, message = 'maintenance put off: ' || v_message;
    end;
    v_wakes_at := clock_timestamp() + make_interval(secs => v_wait_seconds);
    loop
      commit;
      set transaction isolation level read committed;
      perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
      begin
        perform vessel_activity.announce();
      exception when others then
        get stacked diagnostics v_sqlstate = returned_sqlstate, v_message = message_text;
        raise warning using errcode = v_sqlstate, message = 'listeners are not notified: ' || v_message;
      end;
      select s.refresh_interval into v_interval from vessel_activity.settings as s;
      commit;
      perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
      exit when clock_timestamp() >= v_wakes_at or v_wakes_at > v_ends_at or v_interval <> v_old_interval;
      perform pg_sleep(least(extract(epoch from v_wakes_at - clock_timestamp()), 0.5));
    end loop;
    exit when v_wakes_at > v_ends_at;
  end loop;
end
$$;

comment on procedure vessel_activity.scheduled_refresh(integer) is
  'Body of the pg_cron job: refreshes whenever a refresh is due during p_period_seconds, logs failures, and commits. It holds no lock while it sleeps.';
