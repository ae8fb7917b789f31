-- Creates the fleet if there is none, and writes its missing reports of the last 25 hours. It runs in the transaction that
-- has looked for real vessels.
create or replace function vessel_activity_demo.fill(p_vessels integer default 30567)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_since constant timestamptz := clock_timestamp() - interval '25 hours';
  v_is_new constant boolean := not exists (select from vessel_activity_demo.clock);
  v_reports bigint;
begin
  -- Simulated vessels are left over if this schema was dropped without calling remove().
  if v_is_new then
    delete from public.vessel_positions as p
    using public.vessels as v
    where p."vesselId" = v.id and v.name like 'SIM %';
    delete from public.vessels as v where v.name like 'SIM %';
  end if;

  insert into public.vessels (mmsi, name, "vesselType", flag, active)
  select
    (m.mid * 1000000 + n.number)::text,
    'SIM ' || (array['ALBATROSS', 'AURORA', 'BALTIC', 'CORMORANT', 'DORADO', 'EIDER', 'FULMAR', 'GANNET', 'HALCYON', 'IBIS',
      'JACANA', 'KITTIWAKE', 'LODESTAR', 'MERIDIAN', 'NORDIC', 'OSPREY', 'PETREL', 'QUEST', 'RAZORBILL', 'SKUA'])
      [1 + vessel_activity_demo.draw(n.number, 1, 20)] || ' ' || n.number,
    -- Shares of the types in percent, as in busy waters.
    case
      when d.type_draw < 27 then 'Cargo' when d.type_draw < 41 then 'Tanker' when d.type_draw < 57 then 'Fishing'
      when d.type_draw < 66 then 'Tug' when d.type_draw < 74 then 'Passenger' when d.type_draw < 83 then 'Pleasure Craft'
      when d.type_draw < 88 then 'Sailing' when d.type_draw < 90 then 'Pilot' when d.type_draw < 92 then 'High Speed Craft'
      when d.type_draw < 94 then 'Dredger' when d.type_draw < 95 then 'Military' when d.type_draw < 98 then 'Other'
    end,
    m.flag, true
  from generate_series(1, p_vessels) as n (number)
  cross join lateral (
    select vessel_activity_demo.draw(n.number, 2, 100) as type_draw, vessel_activity_demo.draw(n.number, 3, 100) as flag_draw
  ) as d
  join (values
    (0, 14, 'PA', 351), (14, 25, 'LR', 636), (25, 35, 'MH', 538), (35, 46, 'CN', 412), (46, 52, 'HK', 477), (52, 58, 'SG', 563),
    (58, 63, 'MT', 215), (63, 68, 'US', 338), (68, 72, 'NO', 257), (72, 76, 'GB', 232), (76, 80, 'NL', 244), (80, 83, 'GR', 237),
    (83, 86, 'JP', 431), (86, 89, 'DK', 219), (89, 91, 'DE', 211), (91, 93, 'IT', 247), (93, 95, 'ID', 525), (95, 97, 'TR', 271),
    (97, 99, 'KR', 440), (99, 100, null, 203)
  ) as m (first_draw, next_draw, flag, mid) on d.flag_draw >= m.first_draw and d.flag_draw < m.next_draw
  where not exists (select from vessel_activity_demo.fleet)
  order by n.number;

  if v_is_new then
    perform vessel_activity_demo.lay_routes();
    perform vessel_activity_demo.put_areas();
  end if;
  insert into vessel_activity_demo.fleet (
    number, vessel_id, report_every_seconds, phase_seconds, route, starts_at_nm, speed, side, north_degrees, east_degrees
  )
  with place as materialized (
    -- One row for each share of a route.
    select r.kind, r.route, row_number() over (partition by r.kind order by r.route, n.nth) - 1 as nth
    from vessel_activity_demo.route as r
    cross join lateral generate_series(1, r.share) as n (nth)
  ), chosen as materialized (
    select v.number, v.id, p.kind, p.habit,
      vessel_activity_demo.draw(v.number, 10, k.places) as nth,
      t.slowest + vessel_activity_demo.draw(v.number, 8, 10 * (t.fastest - t.slowest) + 1) * 0.1 as speed
    from (
      select w.id, (w.mmsi::bigint % 1000000)::integer as number, w."vesselType" as type from public.vessels as w
    ) as v
    -- What vessels of a type do: how many percent are at sea, slow near a port and moored; the others are laid up.
    join (values
      ('{Cargo}'::text[], 'cargo', 60, 8, 24, 11, 20), ('{Tanker}', 'tanker', 60, 8, 24, 10, 15),
      ('{Passenger}', 'ferry', 60, 8, 24, 14, 22), ('{High Speed Craft}', 'ferry', 60, 8, 24, 24, 29),
      ('{Fishing}', 'fishing', 40, 32, 16, 3, 10), ('{Pleasure Craft,Sailing}', 'leisure', 40, 32, 16, 3, 8),
      ('{Tug,Pilot,Dredger,Military,Other,NULL}', 'harbour', 40, 32, 16, 3, 11)
    ) as t (types, kind, at_sea, slow, moored, slowest, fastest) on array_position(t.types, v.type) is not null
    cross join lateral (
      select
        case when d.draw < t.at_sea then t.kind
          when d.draw < t.at_sea + t.slow then case when t.kind in ('fishing', 'leisure') then t.kind else 'harbour' end
          else 'moored' end as kind,
        case when d.draw < t.at_sea then 1 when d.draw < t.at_sea + t.slow then 2
          when d.draw < t.at_sea + t.slow + t.moored then 3 else 4 end as habit
      from (select vessel_activity_demo.draw(v.number, 9, 100) as draw) as d
    ) as p
    join (select r.kind, sum(r.share)::integer as places from vessel_activity_demo.route as r group by r.kind) as k on k.kind = p.kind
  )
  select
    c.number, c.id, e.report_every_seconds,
    vessel_activity_demo.draw(c.number, 4, e.report_every_seconds),
    r.route,
    r.cycle_nm * vessel_activity_demo.draw(c.number, 5, 100000) / 100000.0,
    case when c.kind = 'moored' then 0 when c.habit = 2 then 1 + vessel_activity_demo.draw(c.number, 8, 60) * 0.1 else c.speed end,
    0.1 + 0.9 * vessel_activity_demo.draw(c.number, 6, 1000) / 999.0,
    o.distance * cosd(o.bearing),
    o.distance * sind(o.bearing) / cosd(coalesce(r.latitude, 0))
  from chosen as c
  -- Seconds between reports of a vessel at sea, slow, moored, laid up.
  cross join lateral (select (array[1160, 2400, 7200, 200000])[c.habit] as report_every_seconds) as e
  join place as s on s.kind = c.kind and s.nth = c.nth
  join vessel_activity_demo.route as r on r.route = s.route
  -- Craft of a water or a port keep off each other.
  cross join lateral (
    select
      case when r.destination is null
        then r.radius_nm / 120 * sqrt(vessel_activity_demo.draw(c.number, 7, 1000) / 1000.0) else 0 end as distance,
      vessel_activity_demo.draw(c.number, 11, 360)::double precision as bearing
  ) as o
  where not exists (select from vessel_activity_demo.fleet);
  analyze vessel_activity_demo.fleet;

  insert into vessel_activity_demo.clock (reported_until) values (v_since)
  on conflict (only_row) do update
  set reported_until = greatest(vessel_activity_demo.clock.reported_until, excluded.reported_until);
  v_reports := vessel_activity_demo.step();

  -- The first instants of the history count vessels of the 24 hours before them. So that day needs all reports of vessels
  -- that report rarely, and of the other vessels at least one report. The next step deletes these reports.
  if v_is_new then
    insert into public.vessel_positions ("vesselId", "timestamp", latitude, longitude, speed, course)
    select r.vessel_id, r.reported_at, r.latitude, r.longitude, r.speed, r.course
    from (
      select r.* from vessel_activity_demo.reports(v_since - interval '24 hours', v_since - interval '3 hours', 7200) as r
      union all
      select r.* from vessel_activity_demo.reports(v_since - interval '3 hours', v_since) as r
    ) as r;
  end if;
  return v_reports;
end
$$;

comment on function vessel_activity_demo.fill(integer) is
  'Creates the simulated fleet if there is none, and writes its reports of the last 25 hours. Returns the number of these reports. The first time it also writes reports of the day before, as many as a backfill of the history needs.';
