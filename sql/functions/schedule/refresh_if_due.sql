-- Refreshes if the row is older than settings.refresh_interval, and says when the next refresh is due. So any number of
-- schedulers can run together: the first one refreshes, and the others find the row fresh.
-- pg_cron may refresh a little early, and the refresh loop waits a little longer while another scheduler refreshes: see
-- takeover_delay. While another session holds the refresh lock for too long, see tend_refresh_lock.
-- A row of an instant that the clock has not reached is always due: refresh_at replaces it.
-- Call it in a transaction of its own. Locks and errors: see refresh_at.
create or replace function vessel_activity.refresh_if_due(
  p_by text,
  out refreshed boolean,
  out wait_seconds double precision,
  out log_id bigint,
  out duration_ms numeric,
  out mode text,
  out new_rows bigint,
  out figures public.vessel_activity_realtime,
  out announced boolean,
  out stuck_pid integer,
  out problem text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_interval interval;
  v_slack interval;
  v_updated_at timestamptz;
  v_due_at timestamptz;
  v_is_locked boolean := false;
begin
  perform vessel_activity.require_refreshable();
  -- A crash may lose the last refresh but can't corrupt the row, and the next refresh comes in seconds. Set for this
  -- transaction only, since other programs use the session too behind a pooler.
  perform set_config('synchronous_commit', 'off', true);

  select s.refresh_interval, vessel_activity.takeover_delay(s.refresh_interval)
  into strict v_interval, v_slack
  from vessel_activity.settings as s;

  refreshed := false;
  loop
    select r.updated_at, r.updated_at + v_interval + case
        when p_by = 'pg_cron' then - v_slack
        when (select l.refreshed_by from vessel_activity.refresh_log as l where l.sqlstate is null order by l.id desc limit 1) = p_by
          then interval '0'
        else v_slack
      end
    into v_updated_at, v_due_at
    from public.vessel_activity_realtime as r
    where r.id = 'singleton';
    exit when v_due_at > clock_timestamp() and v_updated_at <= clock_timestamp();

    if v_is_locked then
      figures := vessel_activity.refresh_at(clock_timestamp(), p_by);
      select l.id, l.duration_ms, l.mode, l.new_rows, case when l.sqlstate is not null then l.message end
      into log_id, duration_ms, mode, new_rows, problem
      from vessel_activity.refresh_log as l
      order by l.id desc
      limit 1;
      refreshed := problem is null;
      v_due_at := case when refreshed then figures.updated_at + v_interval else clock_timestamp() + interval '5 seconds' end;
      exit;
    end if;

    perform vessel_activity.lock_sources(); -- first, so that it never waits with the refresh lock
    if not vessel_activity.try_refresh_lock() then
      select t.stuck_pid into stuck_pid from vessel_activity.tend_refresh_lock(p_by) as t;
      v_due_at := clock_timestamp() + v_slack; -- another session is refreshing; ask again soon
      exit;
    end if;
    v_is_locked := true; -- now look again: another session may have refreshed meanwhile
  end loop;

  announced := vessel_activity.is_announced();
  wait_seconds := least(greatest(extract(epoch from v_due_at - clock_timestamp()), 0.05), extract(epoch from v_interval));
end
$$;

comment on function vessel_activity.refresh_if_due(text) is
  'Refreshes on behalf of p_by (pg_cron or fallback) if the row is older than settings.refresh_interval. refreshed: whether it did. wait_seconds: seconds until the next call. The other columns describe the refresh: log_id, duration_ms in milliseconds, mode and new_rows as in refresh_log, and the figures. announced: false if listeners must still be told of the row. stuck_pid: see tend_refresh_lock. problem: why the refresh stored no row, though it did not fail: members did not answer.';
