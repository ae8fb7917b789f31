-- The public way to refresh, for DBAs, schedulers and programs.
--
--   public.refresh_vessel_activity()   a DBA in psql, any program; through vessel_activity.refresh_now
--   vessel_activity.scheduled_refresh  the pg_cron job  \ both through vessel_activity.refresh_if_due,
--   vessel-activity refresh-loop       the refresh loop / which refreshes only if the row is old enough
--        `-> vessel_activity.refresh_at(as_of, by)         takes the refresh lock, computes, stores, logs
--
-- The refresh loop and the pg_cron job tell listeners of the new row, with vessel_activity.announce().
create or replace function public.refresh_vessel_activity()
returns public.vessel_activity_realtime
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.refresh_now()
$$;

comment on function public.refresh_vessel_activity() is
  'Brings public.vessel_activity_realtime up to date and returns the row. Never waits for another refresh: while one is running it raises a NOTICE and returns the current row. Run it on the primary in READ COMMITTED; otherwise it raises read_only_sql_transaction or invalid_transaction_state.';
