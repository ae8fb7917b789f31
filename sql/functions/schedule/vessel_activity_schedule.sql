-- Sets the refresh interval for people: see vessel_activity.set_schedule. The jobs belong to the owner of vessel activity,
-- whoever calls this.
-- Raises invalid_parameter_value for an interval outside 1 second to 1 day.
create or replace function public.vessel_activity_schedule(p_interval interval default null)
returns text
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.set_schedule(p_interval)
$$;

comment on function public.vessel_activity_schedule(interval) is
  'Sets the refresh interval (1 second to 1 day; NULL keeps it), schedules the pg_cron jobs if possible, and returns a sentence that says what refreshes. Example: select public.vessel_activity_schedule(interval ''10 seconds'').';
