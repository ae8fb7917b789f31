-- Fills the history of the areas of the demo. The newest figures of an area are a share of those of the fleet. In the past it had
-- about the same share of what the fleet had then.
create or replace function vessel_activity_demo.write_area_past(p_now timestamptz)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_rows bigint;
begin
  insert into vessel_activity.area_history (
    area, hour, sampled_at, active_now, active_last_hour, active_last_24h, entered, departed, mean_speed
  )
  with fleet as materialized (
    select h.active_now, h.active_last_hour, h.active_last_24h
    from vessel_activity.history as h
    where h.active_now > 0
    order by h.minute desc
    limit 1
  ), share as materialized (
    select n.area, n.entered, n.departed, n.mean_speed,
      -- The number of an hour scatters less than that of five minutes.
      n.active_last_hour::double precision / f.active_last_hour as hour,
      n.active_last_24h::double precision / f.active_last_24h as day
    from vessel_activity.area_figures as n
    join public.vessel_activity_area as a on a.id = n.area
    join vessel_activity_demo.area as d on d.name = a.name
    cross join fleet as f
  ), expected as (
    select s.*, o.hour as at, s.hour * o.active_now_mean as vessels_now, s.hour * o.active_last_hour_mean as vessels_hour,
      s.day * o.active_last_24h_mean as vessels_day,
      -- From -1 to 1, another number for each purpose.
      (select array_agg(
        vessel_activity_demo.draw(extract(epoch from o.hour)::bigint, s.area * 10 + p.purpose, 1001) / 500.0 - 1 order by p.purpose)
        from generate_series(1, 6) as p (purpose)) as scatter
    from share as s
    cross join vessel_activity.history_hour as o
    where o.hour >= p_now - interval '56 days' and o.hour < date_bin('1 hour', p_now, 'epoch')
      and not exists (select from vessel_activity.area_history as h where h.area = s.area and h.hour = o.hour)
  ), counted as (
    select x.*,
      round(x.vessels_day + sqrt(x.vessels_day) * x.scatter[3])::integer as in_day,
      round(x.vessels_hour + sqrt(x.vessels_hour) * x.scatter[2])::integer as in_hour,
      round(x.vessels_now + sqrt(x.vessels_now) * x.scatter[1])::integer as in_five_minutes
    from expected as x
  )
  select c.area, c.at, c.at, least(c.in_five_minutes, c.in_hour, c.in_day), least(c.in_hour, c.in_day), c.in_day,
    greatest(round(c.entered + sqrt(c.entered) * c.scatter[4]), 0), greatest(round(c.departed + sqrt(c.departed) * c.scatter[5]), 0),
    greatest(c.mean_speed + 0.5 * c.scatter[6], 0)
  from counted as c;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function vessel_activity_demo.write_area_past(timestamptz) is
  'Writes what is missing of the history of the areas of the demo in the eight weeks before p_now. Returns how many rows it wrote.';
