-- Computes samples of the history from the positions. It sweeps over them once instead of running a query for each
-- sample. A position makes its vessel active in a window from its own instant until the window has passed, or until the
-- next position of the vessel takes over. So each position covers a range of sampling instants: +1 at its beginning, -1
-- after its end. The running sum of these is the number of active vessels at each instant. The positions of the last hour
-- and their speeds are counted in the same way, but no next position takes over.
-- Reads the source tables in one snapshot and changes nothing. backfill_history has set row_security.
create or replace function vessel_activity.swept_history(p_first timestamptz, p_step interval, p_samples integer)
returns setof vessel_activity.history
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_step constant double precision := extract(epoch from p_step);
  v_last constant timestamptz := p_first + (p_samples - 1) * p_step;
begin
  -- A place is the number of a sampling instant, counted from 0. Double precision is exact to the microsecond here, and
  -- whole seconds divided by whole seconds give a whole number exactly if there is one.
  return query
  with report as (
    select
      p."vesselId" is not null as has_vessel,
      extract(epoch from t.seen_at - p_first)::double precision as since_first,
      extract(epoch from
        lead(t.seen_at) over (partition by p."vesselId" order by t.seen_at) - p_first)::double precision as next_since_first,
      vessel_activity.mean_speed_part(p.speed::numeric) as speed
    from public.vessel_positions as p
    cross join lateral vessel_activity.utc_instant(p."timestamp") as t (seen_at)
    where p."timestamp" >= vessel_activity.source_time(p_first - interval '24 hours', p."timestamp")
      and p."timestamp" <= vessel_activity.source_time(v_last, p."timestamp")
  ), span as (
    select
      greatest(ceil(r.since_first / v_step), 0) as begins,
      least(floor((r.since_first + 300) / v_step), ceil(r.next_since_first / v_step) - 1) + 1 as behind_5_minutes,
      least(floor((r.since_first + 3600) / v_step), ceil(r.next_since_first / v_step) - 1) + 1 as behind_hour,
      least(floor((r.since_first + 86400) / v_step), ceil(r.next_since_first / v_step) - 1) + 1 as behind_24_hours,
      floor((r.since_first + 3600) / v_step) + 1 as behind_position,
      r.has_vessel,
      r.speed
    from report as r
  ), change as (
    select
      c.place,
      sum(c.now) as now,
      sum(c.hour) as hour,
      sum(c.day) as day,
      sum(c.positions) as positions,
      sum(c.speeds) as speeds,
      sum(c.speed) as speed
    from (
      select s.begins as place,
        count(*) filter (where s.has_vessel and s.behind_5_minutes > s.begins) as now,
        count(*) filter (where s.has_vessel and s.behind_hour > s.begins) as hour,
        count(*) filter (where s.has_vessel and s.behind_24_hours > s.begins) as day,
        count(*) filter (where s.behind_position > s.begins) as positions,
        count(s.speed) filter (where s.behind_position > s.begins) as speeds,
        sum(s.speed) filter (where s.behind_position > s.begins) as speed
      from span as s
      group by s.begins
      union all
      select s.behind_5_minutes, -count(*), 0, 0, 0, 0, 0
      from span as s where s.has_vessel and s.behind_5_minutes > s.begins group by s.behind_5_minutes
      union all
      select s.behind_hour, 0, -count(*), 0, 0, 0, 0
      from span as s where s.has_vessel and s.behind_hour > s.begins group by s.behind_hour
      union all
      select s.behind_24_hours, 0, 0, -count(*), 0, 0, 0
      from span as s where s.has_vessel and s.behind_24_hours > s.begins group by s.behind_24_hours
      union all
      select s.behind_position, 0, 0, 0, -count(*), -count(s.speed), -sum(s.speed)
      from span as s where s.behind_position > s.begins group by s.behind_position
    ) as c
    group by c.place
  ), sample as (
    select
      i.place,
      sum(c.now) over w as now,
      sum(c.hour) over w as hour,
      sum(c.day) over w as day,
      sum(c.positions) over w as positions,
      sum(c.speeds) over w as speeds,
      sum(c.speed) over w as speed
    from generate_series(0, p_samples - 1) as i (place)
    left join change as c on c.place = i.place
    window w as (order by i.place)
  )
  select
    p_first + s.place * p_step, p_first + s.place * p_step,
    coalesce(s.now, 0)::integer, coalesce(s.hour, 0)::integer, coalesce(s.day, 0)::integer,
    (select count(*) from public.vessels as v where v.active)::integer,
    coalesce(s.positions, 0)::integer, coalesce(round(s.speed / nullif(s.speeds, 0), 2), 0)::decimal(5,2)
  from sample as s;
end
$$;

comment on function vessel_activity.swept_history(timestamptz, interval, integer) is
  'Computes p_samples samples of the history from the positions: at p_first, and then every p_step. Each equals figures_at() of its instant.';
