-- Cuts all routes into straight legs.
create or replace function vessel_activity_demo.lay_routes()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  delete from vessel_activity_demo.leg;
  analyze vessel_activity_demo.waypoint, vessel_activity_demo.lane, vessel_activity_demo.route, vessel_activity_demo.way;

  -- Long lanes are cut where the great circle bends on the chart. Longitudes run on beyond 180 degrees. A vessel keeps to
  -- starboard of the line, so at each point the edge of the lane is at a right angle to the course through the point.
  insert into vessel_activity_demo.leg (
    route, leg, begins_nm, length_nm, pace, latitude, longitude, latitude_step, longitude_step,
    side_latitude, side_longitude, side_latitude_step, side_longitude_step
  )
  with trip as (
    -- Out, and home again on the same lanes.
    select w.route, 0 as trip, w.place, w.waypoint, lead(w.waypoint) over (partition by w.route order by w.place) as next_waypoint
    from vessel_activity_demo.way as w
    union all
    select w.route, 1, -w.place, w.waypoint, lead(w.waypoint) over (partition by w.route order by w.place desc)
    from vessel_activity_demo.way as w
  ), piece as (
    select
      t.route, t.trip, t.place, n.nth, coalesce(l.pace, 0) as pace,
      p.latitude, p.longitude, a.width_nm + (coalesce(b.width_nm, a.width_nm) - a.width_nm) * n.nth / k.pieces as width_nm
    from trip as t
    join vessel_activity_demo.waypoint as a on a.name = t.waypoint
    left join vessel_activity_demo.lane as l on l.waypoint = t.waypoint and l.next_waypoint = t.next_waypoint
    left join vessel_activity_demo.waypoint as b on b.name = t.next_waypoint
    cross join lateral (select greatest(ceil(l.length_nm / 150), 1)::integer as pieces) as k
    cross join lateral generate_series(0, k.pieces - 1) as n (nth)
    cross join lateral vessel_activity_demo.between(
      a.latitude, a.longitude, coalesce(b.latitude, a.latitude), coalesce(b.longitude, a.longitude), n.nth::double precision / k.pieces
    ) as p (latitude, longitude)
  ), point as (
    select
      p.route, p.trip, p.pace, p.latitude, p.width_nm,
      row_number() over r as nth,
      p.longitude - 360 * sum(round((p.longitude - p.longitude_before) / 360)) over r as longitude
    from (
      select p.*, coalesce(lag(p.longitude) over (partition by p.route order by p.trip, p.place, p.nth), p.longitude) as longitude_before
      from piece as p
    ) as p
    window r as (partition by p.route order by p.trip, p.place, p.nth)
  ), direction as (
    select p.*,
      lead(p.latitude) over r as next_latitude, lead(p.longitude) over r as next_longitude,
      coalesce(lead(p.latitude) over t, p.latitude) - coalesce(lag(p.latitude) over t, p.latitude) as north,
      (coalesce(lead(p.longitude) over t, p.longitude) - coalesce(lag(p.longitude) over t, p.longitude)) * cosd(p.latitude) as east
    from point as p
    window r as (partition by p.route order by p.nth), t as (partition by p.route, p.trip order by p.nth)
  ), edge as (
    select d.*,
      -d.east / d.length * d.width_nm / 60 as side_latitude,
      d.north / d.length * d.width_nm / 60 / cosd(d.latitude) as side_longitude
    from (select d.*, greatest(sqrt(d.north * d.north + d.east * d.east), 1e-9) as length from direction as d) as d
  ), leg as (
    select e.route, e.nth, e.latitude, e.longitude, e.side_latitude, e.side_longitude, e.pace,
      coalesce(e.next_latitude, e.latitude) - e.latitude as latitude_step,
      coalesce(e.next_longitude, e.longitude) - e.longitude as longitude_step,
      coalesce(lead(e.side_latitude) over r, first_value(e.side_latitude) over r) - e.side_latitude as side_latitude_step,
      coalesce(lead(e.side_longitude) over r, first_value(e.side_longitude) over r) - e.side_longitude as side_longitude_step,
      -- A vessel stays in a port for a tenth of the round, but at least an hour or two.
      case when e.pace = 0 then greatest(0.1 * w.distance_nm, 25)
        else 60 * sqrt((e.next_latitude - e.latitude) ^ 2
          + ((e.next_longitude - e.longitude) * cosd((e.latitude + e.next_latitude) / 2)) ^ 2) / e.pace
      end as length_nm
    from edge as e
    join (
      select t.route, sum(l.length_nm / l.pace) as distance_nm
      from trip as t
      join vessel_activity_demo.lane as l on l.waypoint = t.waypoint and l.next_waypoint = t.next_waypoint
      where t.trip = 0
      group by t.route
    ) as w on w.route = e.route
    window r as (partition by e.route order by e.nth)
  )
  select l.route, l.nth, sum(l.length_nm) over (partition by l.route order by l.nth) - l.length_nm, l.length_nm, l.pace,
    l.latitude, l.longitude, l.latitude_step, l.longitude_step,
    l.side_latitude, l.side_longitude, l.side_latitude_step, l.side_longitude_step
  from leg as l
  where l.length_nm > 0;

  -- In a water, vessels cross to and fro between twelve points within the inner half of its radius; each vessel keeps off the
  -- line by up to the other half. Moored vessels stay.
  insert into vessel_activity_demo.leg (
    route, leg, begins_nm, length_nm, pace, latitude, longitude, latitude_step, longitude_step,
    side_latitude, side_longitude, side_latitude_step, side_longitude_step
  )
  select l.route, l.nth, sum(l.length_nm) over (partition by l.route order by l.nth) - l.length_nm, l.length_nm, l.pace,
    l.latitude, l.longitude, l.latitude_step, l.longitude_step, 0, 0, 0, 0
  from (
    select p.*, greatest(60 * sqrt(p.latitude_step ^ 2 + (p.longitude_step * cosd(p.latitude)) ^ 2), 0.01) as length_nm
    from (
      select q.route, q.nth, q.pace, q.latitude, q.longitude,
        lead(q.latitude, 1, q.first_latitude) over (partition by q.route order by q.nth) - q.latitude as latitude_step,
        lead(q.longitude, 1, q.first_longitude) over (partition by q.route order by q.nth) - q.longitude as longitude_step
      from (
        select p.*,
          first_value(p.latitude) over (partition by p.route order by p.nth) as first_latitude,
          first_value(p.longitude) over (partition by p.route order by p.nth) as first_longitude
        from (
          select r.route, n.nth, case r.kind when 'moored' then 0 else 1 end as pace,
            r.latitude + d.distance * cosd(d.bearing) as latitude,
            r.longitude + d.distance * sind(d.bearing) / cosd(r.latitude) as longitude
          from vessel_activity_demo.route as r
          cross join lateral generate_series(1, case r.kind when 'moored' then 1 else 12 end) as n (nth)
          cross join lateral (
            select
              case r.kind when 'moored' then 0
                else r.radius_nm / 120 * sqrt((1 + vessel_activity_demo.draw(r.route, n.nth, 1000)) / 1000.0) end as distance,
              vessel_activity_demo.draw(r.route, 100 + n.nth, 360)::double precision as bearing
          ) as d
          where r.destination is null
        ) as p
      ) as q
    ) as p
  ) as l;

  update vessel_activity_demo.route as r
  set cycle_nm = c.cycle_nm
  from (select l.route, max(l.begins_nm + l.length_nm) as cycle_nm from vessel_activity_demo.leg as l group by l.route) as c
  where c.route = r.route;
  analyze vessel_activity_demo.leg;
end
$$;

comment on function vessel_activity_demo.lay_routes() is
  'Computes the legs of all routes from the chart and the ways: each service there and back with its time in port, and lines across the waters.';
