-- The definition of what is usual. For the hour of an instant it takes the means of the same hour of the week (UTC) in the eight
-- weeks before, as far as history_hour has them. The middle of the band is their median. The band reaches to both sides by the
-- largest of
--   three times the median distance of the means from the middle, which about 19 of 20 values keep if they scatter evenly
--   half of the median range within the hour, so that a small fleet has room for chance
--   5 % of the middle
-- Medians, so that weeks with an outage, or a holiday, do not move the band as long as they are fewer than half.
-- It reads eight rows by primary key for each hour. Figures that no week has are left out.
-- PL/pgSQL, because a session then plans the query once and not at every refresh.
create or replace function vessel_activity.usual_bands(p_instants timestamptz[])
returns table (hour timestamptz, figure text, weeks integer, low numeric, high numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan -- to plan takes longer than to look up a few hours
as $$
begin
  return query
    with past as (
      select t.hour, f.figure, f.unit, f.mean, (f.most - f.least) / 2 as reach
      from (select distinct date_bin('1 hour', i.instant, 'epoch') as hour from unnest(p_instants) as i (instant)) as t
      cross join generate_series(1, 8) as w (week)
      -- One probe of the primary key each, whatever the planner thinks of the table.
      cross join lateral (
        select h.* from vessel_activity.history_hour as h where h.hour = t.hour - w.week * interval '168 hours' limit 1
      ) as o
      cross join lateral (values
        ('active_now', 1, o.active_now_mean, o.active_now_min::numeric, o.active_now_max::numeric),
        ('active_last_hour', 1, o.active_last_hour_mean, o.active_last_hour_min, o.active_last_hour_max),
        ('active_last_24h', 1, o.active_last_24h_mean, o.active_last_24h_min, o.active_last_24h_max),
        ('positions_last_hour', 1, o.positions_last_hour_mean, o.positions_last_hour_min, o.positions_last_hour_max),
        ('speed_avg', 0.1, o.speed_avg_mean, o.speed_avg_min, o.speed_avg_max)
      ) as f (figure, unit, mean, least, most)
      where f.mean is not null
    ), sorted as (
      select
        p.hour, p.figure, p.unit, count(*)::integer as weeks,
        array_agg(p.mean order by p.mean) as means,
        array_agg(p.reach order by p.reach) as reaches
      from past as p
      group by p.hour, p.figure, p.unit
    ), middle as (
      select
        s.hour, s.figure, s.unit, s.weeks, s.means,
        (s.means[(s.weeks + 1) / 2] + s.means[(s.weeks + 2) / 2]) / 2 as middle,
        (s.reaches[(s.weeks + 1) / 2] + s.reaches[(s.weeks + 2) / 2]) / 2 as reach
      from sorted as s
    ), band as (
      select
        m.hour, m.figure, m.unit, m.weeks, m.middle,
        greatest(3 * (d.distances[(m.weeks + 1) / 2] + d.distances[(m.weeks + 2) / 2]) / 2, m.reach, 0.05 * m.middle) as margin
      from middle as m
      cross join lateral (
        select array_agg(abs(x.mean - m.middle) order by abs(x.mean - m.middle)) from unnest(m.means) as x (mean)
      ) as d (distances)
    )
    select
      b.hour, b.figure, b.weeks,
      floor(greatest(b.middle - b.margin, 0) / b.unit) * b.unit,
      ceil((b.middle + b.margin) / b.unit) * b.unit
    from band as b;
end
$$;

comment on function vessel_activity.usual_bands(timestamptz[]) is
  'The usual band of each figure for the hours of p_instants, one row for each hour and figure. weeks: how many of the eight weeks before have the figure in that hour of the week. low, high: edges of the band, in whole vessels or positions, or tenths of a knot. Figures without a week have no row.';
