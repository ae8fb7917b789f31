-- The history of a range as the server sends it. Columns take half the bytes of rows, and charts need columns.
-- compare holds samples that were taken an hour and a day before the cached row (before p_as_of, if it is given), at most
-- three minutes off; else null.
-- Numbers are null, not 0, if nothing was heard: the activity at sea is unknown then.
-- Raises invalid_parameter_value (22023) for an unknown range.
create or replace function vessel_activity.history_json(
  p_range text,
  p_as_of timestamptz default null
)
returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  with period as materialized (
    select
      coalesce(p_as_of, clock_timestamp()) as until,
      coalesce(p_as_of, (select r.updated_at from public.vessel_activity_realtime as r), clock_timestamp()) as present
  ), compared as (
    select c.name, s.sample
    from (values ('hourBefore', interval '1 hour'), ('dayBefore', interval '24 hours')) as c (name, ago)
    cross join period
    left join lateral (
      select json_build_object(
        'activeNow', nullif(h.active_now, 0), 'activeLastHour', nullif(h.active_last_hour, 0),
        'activeLast24h', nullif(h.active_last_24h, 0), 'totalVessels', h.total_vessels,
        'positionsLastHour', nullif(h.positions_last_hour, 0), 'speedAvg', nullif(h.speed_avg, 0),
        'sampledAt', vessel_activity.iso_instant(h.sampled_at)) as sample
      from vessel_activity.history as h
      where h.minute between period.present - c.ago - interval '4 minutes' and period.present - c.ago + interval '4 minutes'
        and h.sampled_at between period.present - c.ago - interval '3 minutes' and period.present - c.ago + interval '3 minutes'
      order by abs(extract(epoch from h.sampled_at - (period.present - c.ago)))
      limit 1
    ) as s on true
  )
  select json_build_object(
    'range', p_range,
    'from', vessel_activity.iso_instant(min(h.step_at)),
    'to', vessel_activity.iso_instant((select until from period)),
    'stepSeconds', extract(epoch from (max(h.step_at) - min(h.step_at)) / (count(*) - 1))::integer,
    'compare', (select json_object_agg(c.name, c.sample) from compared as c),
    'time', json_agg(round(extract(epoch from coalesce(h.sampled_at, h.step_at)))::bigint order by h.step_at),
    'activeNow', json_agg(nullif(h.active_now, 0) order by h.step_at),
    'activeLastHour', json_agg(nullif(h.active_last_hour, 0) order by h.step_at),
    'activeLast24h', json_agg(nullif(h.active_last_24h, 0) order by h.step_at),
    'totalVessels', json_agg(h.total_vessels order by h.step_at),
    'positionsLastHour', json_agg(nullif(h.positions_last_hour, 0) order by h.step_at),
    'speedAvg', json_agg(nullif(h.speed_avg, 0) order by h.step_at)
  )::text
  from vessel_activity.history_steps(p_range, (select until from period)) as h
$$;

comment on function vessel_activity.history_json(text, timestamptz) is
  'The history of 1h, 24h, 7d or 30d as JSON text: arrays of equal length for time (seconds since 1970) and for each number. A number is null if there is no sample or nothing was heard. compare holds the samples of an hour and of a day before the cached row.';
