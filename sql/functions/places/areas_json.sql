-- The body of GET /api/database/vessel-activity/areas. An answer has a million characters of shapes at most; an area whose shape
-- does not fit has the box around it alone.
create or replace function vessel_activity.areas_json()
returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  with known as (
    select a.name, a.id, a.shape::text as shape,
      sum(length(a.shape::text)) over (order by length(a.shape::text), a.id) as so_far
    from public.vessel_activity_area as a
  ), framed as (
    select p.area, min((p.extent[1])[0]) as west, min((p.extent[1])[1]) as south, max((p.extent[0])[0]) as east, max((p.extent[0])[1]) as north
    from vessel_activity.area_part as p
    where (p.extent[1])[0] >= -180 -- the copy further west says nothing new
    group by p.area
  )
  select row_to_json(d)::text
  from (
    select
      (select vessel_activity.iso_instant(max(f.as_of)) from vessel_activity.area_figures as f) as "asOf",
      (select vessel_activity.iso_instant(min(f.since)) from vessel_activity.area_figures as f) as since,
      array_to_json(array(
        select t
        from (
          select k.name, f.active_now as "activeNow", f.active_last_hour as "activeLastHour", f.active_last_24h as "activeLast24h",
            f.entered, f.departed as "left", f.mean_speed as "meanSpeed", f.types,
            array[x.west, x.south, x.east, x.north] as box, case when k.so_far <= 1000000 then k.shape::json end as shape
          from known as k
          left join vessel_activity.area_figures as f on f.area = k.id
          left join framed as x on x.area = k.id
          order by k.name collate "C"
          limit 1000
        ) as t
      )) as areas
  ) as d
$$;

comment on function vessel_activity.areas_json() is
  'Every area with its newest figures, the box around it (west, south, east, north; east may be beyond 180) and its shape as GeoJSON, as the JSON text of the API. The figures are null until a refresh has counted.';
