-- The public way to refresh: for DBAs, schedulers and programs.
--
--   refresh_vessel_activity()          you, psql, any program
--   vessel_activity.scheduled_refresh  the pg_cron job        ┐ both through vessel_activity.refresh_if_due,
--   refresh_loop.py                    the fallback loop      ┘ which refreshes only when the row is old enough
--        └─▶ vessel_activity.refresh_at(as_of, by)            computes, stores, logs, notifies; takes the lock
create or replace function public.refresh_vessel_activity()
returns public.vessel_activity_realtime
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.refresh_at(clock_timestamp(), 'manual')
$$;

comment on function public.refresh_vessel_activity() is
  'Brings public.vessel_activity_realtime up to date and returns it. Never waits for another refresh: where one is running it returns the current row with a NOTICE. Run it in READ COMMITTED on the primary; it raises invalid_transaction_state or read_only_sql_transaction elsewhere.';
