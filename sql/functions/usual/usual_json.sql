-- The part "usual" of the activity document: for each figure the usual band, from how many weeks it is, the figure a week before,
-- and whether it is below usual.
create or replace function vessel_activity.usual_json(p_as_of timestamptz)
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with figure as materialized (
    select u.figure, row_to_json(r) as told
    from vessel_activity.usual_at(p_as_of) as u
    left join vessel_activity.below_usual_at(p_as_of) as b on b.figure = u.figure
    cross join lateral (
      select u.weeks, trim_scale(u.low) as low, trim_scale(u.high) as high, trim_scale(u.last_week) as "lastWeek",
        b.is_below as "isBelow"
    ) as r
  )
  select row_to_json(d)
  from (
    select
      (select f.told from figure as f where f.figure = 'active_now') as "activeNow",
      (select f.told from figure as f where f.figure = 'active_last_hour') as "activeLastHour",
      (select f.told from figure as f where f.figure = 'active_last_24h') as "activeLast24h",
      (select f.told from figure as f where f.figure = 'positions_last_hour') as "positionsLastHour",
      (select f.told from figure as f where f.figure = 'speed_avg') as "speedAvg"
  ) as d
$$;

comment on function vessel_activity.usual_json(timestamptz) is
  'What is usual at p_as_of, as JSON: for activeNow, activeLastHour, activeLast24h, positionsLastHour and speedAvg an object {weeks, low, high, lastWeek, isBelow}; see usual_at() and below_usual_at(). low, high, lastWeek and isBelow are null if unknown; isBelow always is for speedAvg.';
