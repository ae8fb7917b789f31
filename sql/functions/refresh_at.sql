-- One refresh: computes the figures as of p_as_of, stores the row, logs it, notifies. All of it or none of it.
-- Called by refresh_vessel_activity and refresh_if_due; only tests pass an instant other than the clock's.
-- Lock: advisory (1448100678, 1) to the end of the transaction, never waited for; every other lock for 5 s at most.
-- Raises read_only_sql_transaction on a standby, invalid_transaction_state above READ COMMITTED, and what reading the
-- source tables raises.
create or replace function vessel_activity.refresh_at(p_as_of timestamptz, p_by text)
returns public.vessel_activity_realtime
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
set lock_timeout = '5s'
as $$
declare
  v_started_at constant timestamptz := clock_timestamp();
  v_settings vessel_activity.settings;
  v_row public.vessel_activity_realtime;
  v_duration_ms numeric;
  v_log_id bigint;
begin
  if pg_is_in_recovery() then
    raise exception using
      errcode = 'read_only_sql_transaction',
      message = 'this server is a standby: it receives the refreshed row from its primary',
      hint = 'Refresh on the primary.';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'invalid_transaction_state',
      message = format('a refresh can''t run in a %s transaction: its snapshot is older than the figures'' instant',
        upper(current_setting('transaction_isolation'))),
      hint = 'Call it in a READ COMMITTED transaction, or on its own.';
  end if;

  if not pg_try_advisory_xact_lock(1448100678, 1) then
    raise notice using
      message = 'another refresh is running; the current row is returned',
      hint = 'Nothing to do: its result will be stored when it commits.';
    select r.* into v_row from public.vessel_activity_realtime as r where r.id = 'singleton';
    return v_row;
  end if;

  select r.* into v_row from public.vessel_activity_realtime as r where r.id = 'singleton';
  if v_row.updated_at > p_as_of then
    raise notice using
      message = format('the stored row is of %s, later than %s; it is kept', v_row.updated_at, p_as_of),
      hint = 'The server''s clock was set back. Wait until it has caught up, or delete the row: the next refresh writes it anew.';
    return v_row;
  end if;

  select s.* into strict v_settings from vessel_activity.settings as s;

  v_row := public.vessel_activity_at(p_as_of);

  insert into public.vessel_activity_realtime as r
  select v_row.*
  on conflict (id) do update set
    active_now = excluded.active_now,
    active_last_hour = excluded.active_last_hour,
    active_last_24h = excluded.active_last_24h,
    total_vessels = excluded.total_vessels,
    positions_last_hour = excluded.positions_last_hour,
    vessel_types = excluded.vessel_types,
    top_flags = excluded.top_flags,
    speed_avg = excluded.speed_avg,
    updated_at = excluded.updated_at;

  v_duration_ms := extract(epoch from clock_timestamp() - v_started_at) * 1000;
  insert into vessel_activity.refresh_log (started_at, as_of, duration_ms, refreshed_by, mode)
  values (v_started_at, p_as_of, v_duration_ms, p_by, 'definition')
  returning id into v_log_id;

  -- Now and then is often enough, and keeps the usual refresh free of it.
  if v_log_id % 100 = 0 then
    delete from vessel_activity.refresh_log as l where l.started_at < v_started_at - v_settings.log_retention;
  end if;

  if v_duration_ms > extract(epoch from v_settings.slow_after) * 1000 then
    raise warning using
      message = format('slow refresh: %s ms', round(v_duration_ms)),
      hint = 'See select * from public.vessel_activity_status().';
  end if;

  perform pg_notify('vessel_activity', to_char(p_as_of at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
  return v_row;
end
$$;

comment on function vessel_activity.refresh_at(timestamptz, text) is
  'One refresh as of p_as_of on behalf of p_by (manual, pg_cron, fallback): stores, logs and returns the row, and notifies channel vessel_activity.';
