-- The usual bands of a range of the history, for a chart: by hour, or by step if steps are longer. Steps of more than half a day
-- have no band, because what is usual is told by hour.
create or replace function vessel_activity.usual_bands_json(p_from timestamptz, p_to timestamptz, p_step interval)
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with instant as materialized (
    select g.at
    from generate_series(date_bin('1 hour', p_from, 'epoch'), p_to, greatest(p_step, interval '1 hour')) as g (at)
    where p_step <= interval '12 hours'
  ), band as materialized (
    select b.* from vessel_activity.usual_bands(array(select i.at from instant as i)) as b
  ), figure as materialized (
    select f.figure, row_to_json(r) as told
    from unnest(array['active_now', 'active_last_hour', 'active_last_24h', 'positions_last_hour', 'speed_avg']) as f (figure)
    cross join lateral (
      select json_agg(trim_scale(b.low) order by i.at) as low, json_agg(trim_scale(b.high) order by i.at) as high
      from instant as i
      left join band as b on b.hour = date_bin('1 hour', i.at, 'epoch') and b.figure = f.figure
    ) as r
  )
  select row_to_json(d)
  from (
    select
      (select max(b.weeks) from band as b) as weeks,
      (select json_agg(extract(epoch from i.at)::bigint order by i.at) from instant as i) as "time",
      (select f.told from figure as f where f.figure = 'active_now') as "activeNow",
      (select f.told from figure as f where f.figure = 'active_last_hour') as "activeLastHour",
      (select f.told from figure as f where f.figure = 'active_last_24h') as "activeLast24h",
      (select f.told from figure as f where f.figure = 'positions_last_hour') as "positionsLastHour",
      (select f.told from figure as f where f.figure = 'speed_avg') as "speedAvg"
  ) as d
  where exists (select from band)
$$;

comment on function vessel_activity.usual_bands_json(timestamptz, timestamptz, interval) is
  'The usual bands from p_from to p_to for a chart, as JSON: weeks (the largest number of weeks), time (seconds since 1970, every hour or every p_step), and for each figure the arrays low and high. NULL if nothing is known, or if p_step is longer than 12 hours.';
