-- Says when a run of the pg_cron job must end. The statement_timeout of a session covers a whole run, also its sleep, and a
-- cancelled run would be a failure. So a run ends half a second before the timeout.
create or replace function vessel_activity.run_ends_at(
  p_period_seconds integer, p_statement_timeout text, p_began_at timestamptz
)
returns timestamptz
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select p_began_at
    + least(make_interval(secs => p_period_seconds), nullif(p_statement_timeout::interval, interval '0')) - interval '0.5 seconds'
$$;

comment on function vessel_activity.run_ends_at(integer, text, timestamptz) is
  'When a run of the pg_cron job that began at p_began_at has to end: half a second before its period or its statement_timeout ends. p_statement_timeout: as the setting is written, such as 5s; 0 means none.';
