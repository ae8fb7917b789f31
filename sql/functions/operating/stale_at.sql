-- The one rule for "refreshing has stopped". The page, /readyz, /metrics and the status all follow it. The row is out of date
-- four seconds after the next refresh was due, so that people know within 35 seconds at the default interval. If the interval
-- is longer, the refresh loop may wait up to five seconds for pg_cron before it takes over, and gets half a second more.
-- A refresh that takes long is no alarm while it keeps its promise of progress.
create or replace function vessel_activity.stale_at(p_updated_at timestamptz, p_interval interval)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return greatest(
    p_updated_at + p_interval + greatest(interval '4 seconds', vessel_activity.takeover_delay(p_interval) + interval '0.5 seconds'),
    (select p.until from vessel_activity.promised_until() as p (until) where p.until > clock_timestamp())
  );
end
$$;

comment on function vessel_activity.stale_at(timestamptz, interval) is
  'When a row as of p_updated_at counts as out of date, if refreshes are due every p_interval: soon after the next refresh was due, or when the refresh that runs breaks its promise of progress.';
