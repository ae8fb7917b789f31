-- The definition of the hours of the history: what p_samples say of each hour. A figure of 0 means that nothing was heard, so
-- it does not enter the mean. It is a minimum, so that an outage stays visible.
create or replace function vessel_activity.hours_of(p_samples vessel_activity.history[], p_are_final boolean default false)
returns setof vessel_activity.history_hour
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select
    date_bin('1 hour', s.minute, 'epoch'),
    count(*)::integer,
    p_are_final,
    min(s.active_now), round(avg(nullif(s.active_now, 0)), 3), max(s.active_now),
    min(s.active_last_hour), round(avg(nullif(s.active_last_hour, 0)), 3), max(s.active_last_hour),
    min(s.active_last_24h), round(avg(nullif(s.active_last_24h, 0)), 3), max(s.active_last_24h),
    min(s.total_vessels), round(avg(s.total_vessels), 3), max(s.total_vessels),
    min(s.positions_last_hour), round(avg(nullif(s.positions_last_hour, 0)), 3), max(s.positions_last_hour),
    min(s.speed_avg), round(avg(nullif(s.speed_avg, 0)), 3), max(s.speed_avg)
  from unnest(p_samples) as s
  group by 1
$$;

comment on function vessel_activity.hours_of(vessel_activity.history[], boolean) is
  'The definition of history_hour: one row for each hour in which there are samples. p_are_final: what to put into is_final.';
