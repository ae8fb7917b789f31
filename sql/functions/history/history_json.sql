-- The history of a range as the server sends it. Columns take half the bytes of rows, and charts need columns.
-- compare holds samples that were taken an hour, a day and a week before the cached row (before p_as_of, if it is given), at most
-- three minutes off; else null.
-- Numbers are null, not 0, if nothing was heard: the activity at sea is unknown then.
-- The minimum and maximum of a step are told as distances from its number, since these have fewer digits: the page fetches the
-- history first, and half of it were minima and maxima. Without a number the distances are those from 0.
-- Raises invalid_parameter_value (22023) for an unknown range.
create or replace function vessel_activity.history_json(
  p_range text,
  p_as_of timestamptz default null
)
returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  with clock as materialized (
    select
      coalesce(p_as_of, clock_timestamp()) as now,
      coalesce(p_as_of, (select r.updated_at from public.vessel_activity_realtime as r), clock_timestamp()) as present
  ), period as materialized (
    select p.*, c.now from clock as c cross join lateral vessel_activity.history_period(p_range, c.now) as p
  ), compared as (
    select c.name, s.sample
    from (values ('hourBefore', interval '1 hour'), ('dayBefore', interval '24 hours'), ('weekBefore', interval '168 hours')
      ) as c (name, ago)
    cross join clock
    left join lateral (
      select json_build_object(
        'activeNow', nullif(h.active_now, 0), 'activeLastHour', nullif(h.active_last_hour, 0),
        'activeLast24h', nullif(h.active_last_24h, 0), 'totalVessels', h.total_vessels,
        'positionsLastHour', nullif(h.positions_last_hour, 0), 'speedAvg', nullif(h.speed_avg, 0),
        'sampledAt', vessel_activity.iso_instant(h.sampled_at)) as sample
      from vessel_activity.history_sample(clock.present - c.ago) as h
    ) as s on true
  )
  select json_build_object(
    'range', p_range,
    'from', vessel_activity.iso_instant(min(h.step_at)),
    'to', vessel_activity.iso_instant((select p.until + interval '1 microsecond' from period as p)),
    'stepSeconds', (select extract(epoch from p.step)::integer from period as p),
    'compare', (select json_object_agg(c.name, c.sample) from compared as c),
    'time', array_agg(round(extract(epoch from coalesce(h.sampled_at, h.step_at)))::bigint order by h.step_at),
    'activeNow', array_agg(nullif(h.active_now, 0) order by h.step_at),
    'activeLastHour', array_agg(nullif(h.active_last_hour, 0) order by h.step_at),
    'activeLast24h', array_agg(nullif(h.active_last_24h, 0) order by h.step_at),
    'totalVessels', array_agg(h.total_vessels order by h.step_at),
    'positionsLastHour', array_agg(nullif(h.positions_last_hour, 0) order by h.step_at),
    'speedAvg', array_agg(trim_scale(nullif(h.speed_avg, 0)) order by h.step_at),
    'toMin', json_build_object(
      'activeNow', array_agg(case when h.active_now_max > 0 then h.active_now - h.active_now_min end order by h.step_at),
      'activeLastHour', array_agg(case when h.active_last_hour_max > 0 then h.active_last_hour - h.active_last_hour_min end order by h.step_at),
      'activeLast24h', array_agg(case when h.active_last_24h_max > 0 then h.active_last_24h - h.active_last_24h_min end order by h.step_at),
      'totalVessels', array_agg(h.total_vessels - h.total_vessels_min order by h.step_at),
      'positionsLastHour', array_agg(case when h.positions_last_hour_max > 0 then h.positions_last_hour - h.positions_last_hour_min end order by h.step_at),
      'speedAvg', array_agg(case when h.speed_avg_max > 0 then trim_scale(h.speed_avg - h.speed_avg_min) end order by h.step_at)),
    'toMax', json_build_object(
      'activeNow', array_agg(case when h.active_now_max > 0 then h.active_now_max - h.active_now end order by h.step_at),
      'activeLastHour', array_agg(case when h.active_last_hour_max > 0 then h.active_last_hour_max - h.active_last_hour end order by h.step_at),
      'activeLast24h', array_agg(case when h.active_last_24h_max > 0 then h.active_last_24h_max - h.active_last_24h end order by h.step_at),
      'totalVessels', array_agg(h.total_vessels_max - h.total_vessels order by h.step_at),
      'positionsLastHour', array_agg(case when h.positions_last_hour_max > 0 then h.positions_last_hour_max - h.positions_last_hour end order by h.step_at),
      'speedAvg', array_agg(case when h.speed_avg_max > 0 then trim_scale(h.speed_avg_max - h.speed_avg) end order by h.step_at)),
    'usual', (select vessel_activity.usual_bands_json(p.first_at, p.until, p.step) from period as p)
  )::text
  from vessel_activity.history_steps(p_range, (select now from clock)) as h
$$;

comment on function vessel_activity.history_json(text, timestamptz) is
  'The history of a range, see history_steps(), as JSON text: arrays of equal length for time (seconds since 1970) and for each number; toMin and toMax hold such arrays of how far the minimum of each step is below the number, and the maximum above it. A number is null if there is no sample or nothing was heard. compare holds the samples of an hour, a day and a week before the cached row. usual holds the usual bands, see usual_bands_json().';
