-- pg_cron may refresh this much before the due time, so that a run a few milliseconds early is not lost. The refresh loop waits
-- this much longer while another scheduler refreshes, and takes over then.
create or replace function vessel_activity.takeover_delay(p_interval interval)
returns interval
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select least(p_interval / 10, interval '5 seconds')
$$;

comment on function vessel_activity.takeover_delay(interval) is
  'How long the refresh loop waits for another scheduler after a refresh was due: a tenth of p_interval, 5 seconds at most.';
