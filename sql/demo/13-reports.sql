-- A report is computed from the vessel and its time alone. Some vessels at sea are heard by satellite, and their reports arrive
-- a minute and a half late.
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
  -- "offset 0" makes PostgreSQL compute each step once. Otherwise it repeats its expression wherever the next step uses it.
  select p.vessel_id, p.reported_at, p.latitude, p.longitude - 360 * floor((p.longitude + 180) / 360),
    (case when p.pace = 0 then 0
      else greatest(p.sea_speed * p.pace + (vessel_activity_demo.draw(p.nth, p.number, 11) - 5) * 0.1, 0.1) end)::numeric(4, 1),
    -- A vessel that lies still reports any course.
    (round(10 * case
      when p.pace = 0 then vessel_activity_demo.draw(p.number, 12, 360)
      else atan2d(p.east * cosd(p.latitude), p.north) + case when p.east < 0 then 360 else 0 end
    end)::integer % 3600 / 10.0::real)::real
  from (
    select s.number, s.vessel_id, s.nth, s.sea_speed, s.pace, to_timestamp(s.at) as reported_at,
      s.latitude + s.share * s.latitude_step + s.side * (s.side_latitude + s.share * s.side_latitude_step) + s.north_degrees as latitude,
      s.longitude + s.share * s.longitude_step + s.side * (s.side_longitude + s.share * s.side_longitude_step) + s.east_degrees as longitude,
      s.latitude_step + s.side * s.side_latitude_step as north,
      s.longitude_step + s.side * s.side_longitude_step as east
    from (
      select r.*, l.*, (r.place_nm - l.begins_nm) / l.length_nm as share
      from (
        select d.*, d.sailed_nm - t.cycle_nm * floor(d.sailed_nm / t.cycle_nm) as place_nm
        from (
          select f.number, f.vessel_id, f.route as sails, f.side, f.north_degrees, f.east_degrees, f.speed as sea_speed,
            n.nth, n.nth * f.report_every_seconds - f.phase_seconds as at,
            f.starts_at_nm + f.speed * (n.nth * f.report_every_seconds - f.phase_seconds - 1767225600) / 3600.0 as sailed_nm
          from vessel_activity_demo.fleet as f
          cross join lateral (
            select f.phase_seconds - case when f.report_every_seconds < 2400 and f.number % 40 = 0 then 90 else 0 end
          ) as arrives (phase_seconds)
          cross join lateral (
            select
              floor((extract(epoch from p_after)::double precision + arrives.phase_seconds) / f.report_every_seconds)::bigint,
              floor((extract(epoch from p_until)::double precision + arrives.phase_seconds) / f.report_every_seconds)::bigint
          ) as due (before, newest)
          cross join lateral generate_series(due.before + 1, due.newest) as n (nth)
          where f.report_every_seconds >= p_every_at_least and due.newest > due.before
            and vessel_activity_demo.draw(n.nth, f.number + 100000, 10000)
              < 10000 * vessel_activity_demo.received(n.nth * f.report_every_seconds - f.phase_seconds)
          offset 0
        ) as d
        join vessel_activity_demo.route as t on t.route = d.sails
        offset 0
      ) as r
      cross join lateral (
        select g.* from vessel_activity_demo.leg as g
        where g.route = r.sails and g.begins_nm <= r.place_nm
        order by g.begins_nm desc
        limit 1
      ) as l
      offset 0
    ) as s
    offset 0
  ) as p
  where not exists (
    select from vessel_activity_demo.incident as i
    where p.reported_at >= i.starts_at and p.reported_at < i.ends_at
      and p.latitude between i.south and i.north and p.longitude between i.west and i.east)
  order by 2
$$;

comment on function vessel_activity_demo.reports(timestamptz, timestamptz, integer) is
  'The simulated position reports that arrive after p_after and up to p_until, of vessels that report every p_every_at_least seconds or less often: vessel, time, position, speed over ground in knots, course in degrees.';
