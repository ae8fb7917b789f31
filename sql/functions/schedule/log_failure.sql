-- Logs a failed refresh. The refresh itself was rolled back, so its caller logs the failure. A promise of progress outlives
-- a rollback, so it is ended here.
-- It evaluates the rules of alerts, since the refresh could not.
-- The duration is capped, so that it can be logged even if the clock was set meanwhile. The message is cut, because an error
-- may quote a value of any length.
create or replace function vessel_activity.log_failure(
  p_by text, p_started_at timestamptz, p_sqlstate text, p_message text
)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_log_id bigint;
begin
  insert into vessel_activity.refresh_log (started_at, duration_ms, refreshed_by, sqlstate, message)
  values (p_started_at, least(extract(epoch from clock_timestamp() - p_started_at) * 1000, 999999999), p_by, p_sqlstate,
    left(p_message, 1000))
  returning id into v_log_id;
  perform vessel_activity.tend_log(v_log_id);
  perform vessel_activity.try_watch(clock_timestamp(), p_looks => false);
  if pg_sequence_last_value('vessel_activity.refresher') = pg_backend_pid() then
    perform vessel_activity.promise_progress(interval '0');
  end if;
end
$$;

comment on function vessel_activity.log_failure(text, timestamptz, text, text) is
  'Logs that a refresh by p_by, begun at p_started_at, failed with p_sqlstate and p_message.';
