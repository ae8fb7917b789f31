-- The past of the fleet: what it would have shown for eight weeks. Nobody wants to wait until 60 million reports are written and
-- counted. So the samples are computed from the share of reports that is received: it follows from that share and the
-- interval of a vessel's reports how likely the vessel is heard within a time.
create or replace function vessel_activity_demo.past(p_from timestamptz, p_to timestamptz, p_step interval)
returns table (
  minute timestamptz, sampled_at timestamptz, active_now integer, active_last_hour integer, active_last_24h integer,
  total_vessels integer, positions_last_hour integer, speed_avg numeric
)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with habit as (
    select f.report_every_seconds::double precision as every, count(*)::double precision as vessels
    from vessel_activity_demo.fleet as f
    group by f.report_every_seconds
  ), fleet as (
    select (select count(*) from public.vessels as v where v.active)::integer as vessels,
      (select avg(h.speed_avg) from vessel_activity.history as h where h.sampled_at > now() - interval '24 hours') as speed
  ), expected as (
    select g.minute, e.at,
      sum(h.vessels * n.chance) as now, sum(h.vessels * n.chance * (1 - n.chance)) as now_variance,
      sum(h.vessels * o.chance) as hour, sum(h.vessels * o.chance * (1 - o.chance)) as hour_variance,
      sum(h.vessels * d.chance) as day,
      sum(h.vessels * 3600 / h.every * r.hour) as positions
    from generate_series(p_from, p_to, p_step) as g (minute)
    cross join lateral (select extract(epoch from g.minute)::double precision) as e (at)
    cross join lateral (
      -- The daily curve is level over a day: two instants half a day apart have its mean.
      select vessel_activity_demo.received(e.at - 150), vessel_activity_demo.received(e.at - 1800),
        (vessel_activity_demo.received(e.at - 64800) + vessel_activity_demo.received(e.at - 21600)) / 2
    ) as r (now, hour, day)
    cross join habit as h
    cross join lateral (select vessel_activity_demo.chance(300, h.every, r.now)) as n (chance)
    cross join lateral (select vessel_activity_demo.chance(3600, h.every, r.hour)) as o (chance)
    cross join lateral (select vessel_activity_demo.chance(86400, h.every, r.day)) as d (chance)
    group by g.minute, e.at
  )
  select x.minute, x.minute,
    round(x.now + sqrt(x.now_variance) * vessel_activity_demo.scatter(x.at, 300, 1))::integer,
    round(x.hour + sqrt(x.hour_variance) * vessel_activity_demo.scatter(x.at, 3600, 2))::integer,
    least(round(x.day + 20 * vessel_activity_demo.scatter(x.at, 43200, 3)), f.vessels)::integer,
    f.vessels,
    round(x.positions + sqrt(x.positions) / 2 * vessel_activity_demo.scatter(x.at, 3600, 2))::integer,
    round((f.speed + 0.03 * vessel_activity_demo.scatter(x.at, 3600, 4))::numeric, 2)
  from expected as x
  cross join fleet as f
  where f.speed is not null
$$;

comment on function vessel_activity_demo.past(timestamptz, timestamptz, interval) is
  'Samples of the simulated fleet as they would have been, one for each p_step from p_from to p_to.';
