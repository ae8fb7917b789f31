-- A vessel sails in a circle round the middle of its track. A quarter of its reports is lost, more at night than by day, so
-- that the figures rise and fall like those of a real network of receivers.
create or replace function vessel_activity_demo.reports(
  p_after timestamptz, p_until timestamptz, p_every_at_least integer default 0
)
returns table (
  vessel_id bigint, reported_at timestamptz, latitude double precision, longitude double precision, speed numeric, course real
)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  select
    f.vessel_id,
    to_timestamp(n.nth * f.report_every_seconds - f.phase_seconds),
    f.latitude + f.radius_degrees * sin(a.angle),
    f.longitude + f.radius_degrees * cos(a.angle) / cos(radians(f.latitude)),
    round(case when f.speed = 0 then 0 else greatest(f.speed + (vessel_activity_demo.draw(n.nth, f.number, 21) - 10) * 0.1, 0) end::numeric, 1),
    ((720 - degrees(a.angle)::numeric % 360) % 360)::real
  from vessel_activity_demo.fleet as f
  cross join lateral generate_series(
    floor((extract(epoch from p_after) + f.phase_seconds) / f.report_every_seconds)::bigint + 1,
    floor((extract(epoch from p_until) + f.phase_seconds) / f.report_every_seconds)::bigint
  ) as n (nth)
  cross join lateral (
    -- One knot is one degree of latitude in 60 hours. The angle follows from the distance that the vessel has sailed.
    select (f.speed / 60 / f.radius_degrees) * (n.nth * f.report_every_seconds % 31536000) / 3600.0 + f.number as angle
  ) as a
  where f.report_every_seconds >= p_every_at_least
    and vessel_activity_demo.draw(n.nth, f.number + 100000, 1000)
      < 750 + 150 * sin(2 * pi() * (n.nth * f.report_every_seconds % 86400 - 21600) / 86400)
  order by 2
$$;

comment on function vessel_activity_demo.reports(timestamptz, timestamptz, integer) is
  'The simulated position reports after p_after and up to p_until, of vessels that report every p_every_at_least seconds or less often: vessel, time, position, speed over ground in knots, course in degrees.';
