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

  insert into vessel_activity_demo.fleet (
    number, vessel_id, report_every_seconds, phase_seconds, latitude, longitude, radius_degrees, speed
  )
  select
    v.number, v.id, p.report_every_seconds,
    vessel_activity_demo.draw(v.number, 4, p.report_every_seconds),
    s.latitude + (vessel_activity_demo.draw(v.number, 5, 2001) - 1000) * 0.001 * s.spread,
    s.longitude + (vessel_activity_demo.draw(v.number, 6, 2001) - 1000) * 0.001 * s.spread,
    0.05 + vessel_activity_demo.draw(v.number, 7, 500) * 0.001,
    case p.report_every_seconds
      when 1160 then 6 + vessel_activity_demo.draw(v.number, 8, 160) * 0.1
      when 2400 then 1 + vessel_activity_demo.draw(v.number, 8, 60) * 0.1
      else 0
    end
  from (
    select w.id, (w.mmsi::bigint % 1000000)::integer as number from public.vessels as w
  ) as v
  -- Seconds between reports of a vessel under way, slow, moored, laid up.
  cross join lateral (
    select case
      when d.draw < 50 then 1160 when d.draw < 70 then 2400 when d.draw < 90 then 7200 else 200000
    end as report_every_seconds
    from (select vessel_activity_demo.draw(v.number, 9, 100) as draw) as d
  ) as p
  join (values
    (0, 54.5, 4.0, 2.5), (1, 56.5, 18.5, 2.0), (2, 50.2, -1.5, 0.8), (3, 36.0, -6.5, 1.0), (4, 37.5, 8.0, 2.0), (5, 35.5, 24.0, 1.5),
    (6, 30.5, 32.4, 0.3), (7, 26.0, 53.5, 1.2), (8, 12.5, 46.0, 1.2), (9, 6.0, 80.0, 2.5), (10, 2.5, 101.5, 0.6), (11, 10.0, 110.0, 3.0),
    (12, 22.0, 115.0, 1.2), (13, 31.0, 123.5, 1.6), (14, 34.8, 129.5, 1.0), (15, 35.0, 140.5, 1.0), (16, -34.0, 152.5, 1.5),
    (17, 49.0, -125.5, 0.8), (18, 33.5, -118.8, 0.8), (19, 28.5, -91.0, 2.0), (20, 9.4, -79.9, 0.3), (21, 40.2, -72.5, 1.2),
    (22, -24.5, -44.5, 1.5), (23, -35.0, 18.0, 1.5)
  ) as s (area, latitude, longitude, spread) on s.area = vessel_activity_demo.draw(v.number, 10, 24)
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
