-- Keeps a failed refresh visible: the refresh itself was rolled back, so its caller logs it.
-- Called by scheduled_refresh and refresh_loop.py. A clock that was set must not keep it from being logged.
create or replace function vessel_activity.log_failure(
  p_by text, p_started_at timestamptz, p_sqlstate text, p_message text
)
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into vessel_activity.refresh_log (started_at, duration_ms, refreshed_by, sqlstate, message)
  values (p_started_at, least(extract(epoch from clock_timestamp() - p_started_at) * 1000, 999999999), p_by, p_sqlstate, p_message)
$$;

comment on function vessel_activity.log_failure(text, timestamptz, text, text) is
  'Logs a refresh by p_by, begun at p_started_at, that failed with p_sqlstate and p_message.';
