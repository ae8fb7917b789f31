-- Refreshes now, whether a refresh is due or not. Locks and errors: see refresh_at.
create or replace function vessel_activity.refresh_now()
returns public.vessel_activity_realtime
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.refresh_at(clock_timestamp(), 'manual')
$$;

comment on function vessel_activity.refresh_now() is
  'Brings public.vessel_activity_realtime up to date and returns the row.';
