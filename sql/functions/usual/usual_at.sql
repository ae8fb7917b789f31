-- What is usual at an instant, for the page, the metrics and the alerts. Reads the history only.
create or replace function vessel_activity.usual_at(p_as_of timestamptz)
returns table (figure text, weeks integer, low numeric, high numeric, last_week numeric)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select f.figure, coalesce(b.weeks, 0), b.low, b.high, nullif(f.last_week, 0)
  from (select p_as_of) as t
  left join vessel_activity.history_sample(p_as_of - interval '168 hours') as h on true
  cross join lateral (values
    (1, 'active_now', h.active_now::numeric),
    (2, 'active_last_hour', h.active_last_hour),
    (3, 'active_last_24h', h.active_last_24h),
    (4, 'positions_last_hour', h.positions_last_hour),
    (5, 'speed_avg', h.speed_avg)
  ) as f (place, figure, last_week)
  left join vessel_activity.usual_bands(array[p_as_of]) as b on b.figure = f.figure
  order by f.place
$$;

comment on function vessel_activity.usual_at(timestamptz) is
  'What is usual at p_as_of, one row for each figure (active_now, active_last_hour, active_last_24h, positions_last_hour, speed_avg). weeks: from how many weeks, 0 to 8. low, high: the usual band, NULL without weeks; in vessels, positions or knots. last_week: the figure a week before, at most three minutes off; NULL if it is unknown.';
