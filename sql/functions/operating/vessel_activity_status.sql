-- For people and monitoring. The checks read the log, the settings and the catalogs. Of the source tables they read only
-- the newest end of the index on timestamp. lock_timeout keeps a status from waiting behind an ALTER TABLE.
create or replace function public.vessel_activity_status()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
begin
  return query select c.* from vessel_activity.check_freshness() as c;
  return query select c.* from vessel_activity.check_refresher() as c;
  return query select c.* from vessel_activity.check_engine() as c;
  return query select c.* from vessel_activity.check_verification() as c;
  return query select c.* from vessel_activity.check_inbox() as c;
  return query select c.* from vessel_activity.check_pg_cron() as c;
  return query select c.* from vessel_activity.check_indexes() as c;
  return query select c.* from vessel_activity.check_owner() as c;
  return query select c.* from vessel_activity.check_time_zone() as c;
  return query select c.* from vessel_activity.check_future_positions() as c;
end
$$;

comment on function public.vessel_activity_status() is
  'Checks whether vessel activity works. Each row is a check: its state (ok, warn or fail), what was found, and what to do. Example: select * from public.vessel_activity_status().';
