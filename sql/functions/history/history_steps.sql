-- Returns at most 500 points. Each is the newest sample of its step, with the minimum and the maximum of the step beside it. So
-- a short outage is seen in every range. A point that is made from hours has the mean of their means instead of a sample.
-- A step without a sample gives a row of NULLs, so a gap stays a gap.
-- p_as_of, the end of the range, is for tests.
-- Raises invalid_parameter_value (22023) for an unknown range.
create or replace function vessel_activity.history_steps(
  p_range text,
  p_as_of timestamptz
)
returns table (
  step_at timestamptz,
  sampled_at timestamptz,
  active_now integer,
  active_last_hour integer,
  active_last_24h integer,
  total_vessels integer,
  positions_last_hour integer,
  speed_avg numeric,
  active_now_min integer,
  active_now_max integer,
  active_last_hour_min integer,
  active_last_hour_max integer,
  active_last_24h_min integer,
  active_last_24h_max integer,
  total_vessels_min integer,
  total_vessels_max integer,
  positions_last_hour_min integer,
  positions_last_hour_max integer,
  speed_avg_min numeric,
  speed_avg_max numeric
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_period record;
begin
  select p.* into v_period from vessel_activity.history_period(p_range, coalesce(p_as_of, clock_timestamp())) as p;

  if v_period.is_hourly then
    return query
      with step as (
        select
          s.step_at,
          coalesce(round(avg(o.active_now_mean)), 0)::integer as active_now,
          coalesce(round(avg(o.active_last_hour_mean)), 0)::integer as active_last_hour,
          coalesce(round(avg(o.active_last_24h_mean)), 0)::integer as active_last_24h,
          round(avg(o.total_vessels_mean))::integer as total_vessels,
          coalesce(round(avg(o.positions_last_hour_mean)), 0)::integer as positions_last_hour,
          coalesce(round(avg(o.speed_avg_mean), 2), 0) as speed_avg,
          min(o.active_now_min) as active_now_min, max(o.active_now_max) as active_now_max,
          min(o.active_last_hour_min) as active_last_hour_min, max(o.active_last_hour_max) as active_last_hour_max,
          min(o.active_last_24h_min) as active_last_24h_min, max(o.active_last_24h_max) as active_last_24h_max,
          min(o.total_vessels_min) as total_vessels_min, max(o.total_vessels_max) as total_vessels_max,
          min(o.positions_last_hour_min) as positions_last_hour_min, max(o.positions_last_hour_max) as positions_last_hour_max,
          min(o.speed_avg_min) as speed_avg_min, max(o.speed_avg_max) as speed_avg_max
        from vessel_activity.history_hours(v_period.first_at, v_period.until) as o
        cross join lateral date_bin(v_period.step, o.hour, 'epoch') as s (step_at)
        group by s.step_at
      )
      select
        g.step_at, s.step_at, s.active_now, s.active_last_hour, s.active_last_24h, s.total_vessels, s.positions_last_hour,
        s.speed_avg, s.active_now_min, s.active_now_max, s.active_last_hour_min, s.active_last_hour_max,
        s.active_last_24h_min, s.active_last_24h_max, s.total_vessels_min, s.total_vessels_max,
        s.positions_last_hour_min, s.positions_last_hour_max, s.speed_avg_min, s.speed_avg_max
      from generate_series(v_period.first_at, v_period.until, v_period.step) as g (step_at)
      left join step as s on s.step_at = g.step_at
      order by g.step_at;
    return;
  end if;

  return query
    with step as (
      select
        s.step_at,
        max(h.minute) as newest,
        min(h.active_now) as active_now_min, max(h.active_now) as active_now_max,
        min(h.active_last_hour) as active_last_hour_min, max(h.active_last_hour) as active_last_hour_max,
        min(h.active_last_24h) as active_last_24h_min, max(h.active_last_24h) as active_last_24h_max,
        min(h.total_vessels) as total_vessels_min, max(h.total_vessels) as total_vessels_max,
        min(h.positions_last_hour) as positions_last_hour_min, max(h.positions_last_hour) as positions_last_hour_max,
        min(h.speed_avg) as speed_avg_min, max(h.speed_avg) as speed_avg_max
      from vessel_activity.history as h
      cross join lateral date_bin(v_period.step, h.minute, 'epoch') as s (step_at)
      where h.minute >= v_period.first_at and h.minute <= v_period.until
      group by s.step_at
    )
    select
      g.step_at, n.sampled_at, n.active_now, n.active_last_hour, n.active_last_24h, n.total_vessels, n.positions_last_hour,
      n.speed_avg::numeric, s.active_now_min, s.active_now_max, s.active_last_hour_min, s.active_last_hour_max,
      s.active_last_24h_min, s.active_last_24h_max, s.total_vessels_min, s.total_vessels_max,
      s.positions_last_hour_min, s.positions_last_hour_max, s.speed_avg_min, s.speed_avg_max
    from generate_series(v_period.first_at, v_period.until, v_period.step) as g (step_at)
    left join step as s on s.step_at = g.step_at
    left join vessel_activity.history as n on n.minute = s.newest
    order by g.step_at;
end
$$;

comment on function vessel_activity.history_steps(text, timestamptz) is
  'The history of 1h, 24h, 7d, 30d or 1y before p_as_of (NULL: now), or between two instants with a slash between them, in at most 500 rows: the newest sample of each step, and the minimum and maximum of the step. With 1y, and in steps of an hour or more between two instants: the mean of the means of the hours. If a step has no sample, sampled_at and the numbers are NULL.';
