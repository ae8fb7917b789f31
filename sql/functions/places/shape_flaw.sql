-- Finds the first place where the rings of a shape cross, or a ring meets itself or turns back on itself. Rings of one polygon
-- may touch at points, and polygons may overlap: a position still is inside or outside.
-- In numeric, so that the answer is exact. Each edge is compared only with edges that share a strip of latitude or longitude
-- with it, so the cost grows with the points, not with their square. The strips are as wide as the edges are on average, along
-- the axis on which the edges are shorter.
create or replace function vessel_activity.shape_flaw(p_points vessel_activity.shape_point[])
returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with corner as materialized (
    select p.polygon, p.ring, p.point, p.longitude as x1, p.latitude as y1,
      lead(p.longitude) over w as x2, lead(p.latitude) over w as y2, lead(p.point) over w as next_point,
      row_number() over w as number, count(*) over (partition by p.polygon, p.ring) - 1 as edges
    from unnest(p_points) as p
    window w as (partition by p.polygon, p.ring order by p.point)
  ), shape as (
    select d.lies_along, d.first, least(greatest(count(*) / 8, 1), floor(d.reach / greatest(d.mean, 1e-9)) + 1)::integer as strips, d.reach
    from (
      select e.lies_along, e.first, e.reach, e.mean
      from (
        select v.lies_along, min(v.low) as first, greatest(max(v.high) - min(v.low), 1e-6) as reach, avg(v.high - v.low) as mean
        from corner as c
        cross join lateral (values (true, least(c.x1, c.x2), greatest(c.x1, c.x2)), (false, least(c.y1, c.y2), greatest(c.y1, c.y2)))
          as v (lies_along, low, high)
        where c.x2 is not null
        group by v.lies_along
      ) as e
      order by e.mean / e.reach
      limit 1
    ) as d
    cross join corner as c
    group by d.lies_along, d.first, d.reach, d.mean
  ), edge as materialized (
    select c.*, least(c.x1, c.x2) as west, greatest(c.x1, c.x2) as east, least(c.y1, c.y2) as south, greatest(c.y1, c.y2) as north,
      floor((case when s.lies_along then least(c.x1, c.x2) else least(c.y1, c.y2) end - s.first) / s.reach * s.strips)::integer as first_strip,
      floor((case when s.lies_along then greatest(c.x1, c.x2) else greatest(c.y1, c.y2) end - s.first) / s.reach * s.strips)::integer
        as last_strip
    from corner as c
    cross join shape as s
    where c.x2 is not null
  ), strip as materialized (
    select e.*, t.strip
    from edge as e
    cross join lateral generate_series(e.first_strip, e.last_strip) as t (strip)
  ), pair as (
    select distinct a.polygon, a.ring, a.point, a.next_point, a.x1, a.y1, a.x2, a.y2,
      b.ring as other_ring, b.point as other_point, b.next_point as other_next, b.x1 as x3, b.y1 as y3, b.x2 as x4, b.y2 as y4,
      a.ring = b.ring and (b.number = a.number + 1) as follows,
      a.ring = b.ring and (a.number = 1 and b.number = a.edges) as closes,
      (a.x2 - a.x1) * (b.y1 - a.y1) - (a.y2 - a.y1) * (b.x1 - a.x1) as d3,
      (a.x2 - a.x1) * (b.y2 - a.y1) - (a.y2 - a.y1) * (b.x2 - a.x1) as d4,
      (b.x2 - b.x1) * (a.y1 - b.y1) - (b.y2 - b.y1) * (a.x1 - b.x1) as d1,
      (b.x2 - b.x1) * (a.y2 - b.y1) - (b.y2 - b.y1) * (a.x2 - b.x1) as d2,
      (a.x2 - a.x1) * (b.x2 - b.x1) + (a.y2 - a.y1) * (b.y2 - b.y1) as along,
      greatest(a.west, b.west) < least(a.east, b.east) or greatest(a.south, b.south) < least(a.north, b.north) as overlap
    from strip as a
    join strip as b on b.polygon = a.polygon and b.strip = a.strip and (a.ring, a.number) < (b.ring, b.number)
      and a.west <= b.east and b.west <= a.east and a.south <= b.north and b.south <= a.north
  ), met as (
    select p.*, p.d1 = 0 and p.d2 = 0 and p.d3 = 0 and p.d4 = 0 as on_one_line
    from pair as p
    where sign(p.d1) * sign(p.d2) <= 0 and sign(p.d3) * sign(p.d4) <= 0
  ), flaw as (
    select m.*,
      case when m.follows or m.closes then 'turns back on itself' when m.ring = m.other_ring then 'crosses itself'
        else format('crosses ring %s', m.other_ring) end as what,
      case when m.follows then m.x2 when m.closes then m.x1
        when not m.on_one_line then m.x1 + (m.x2 - m.x1) * m.d1 / (m.d1 - m.d2)
        when m.x3 between least(m.x1, m.x2) and greatest(m.x1, m.x2) and m.y3 between least(m.y1, m.y2) and greatest(m.y1, m.y2) then m.x3
        when m.x4 between least(m.x1, m.x2) and greatest(m.x1, m.x2) and m.y4 between least(m.y1, m.y2) and greatest(m.y1, m.y2) then m.x4
        else m.x1 end as x,
      case when m.follows then m.y2 when m.closes then m.y1
        when not m.on_one_line then m.y1 + (m.y2 - m.y1) * m.d1 / (m.d1 - m.d2)
        when m.x3 between least(m.x1, m.x2) and greatest(m.x1, m.x2) and m.y3 between least(m.y1, m.y2) and greatest(m.y1, m.y2) then m.y3
        when m.x4 between least(m.x1, m.x2) and greatest(m.x1, m.x2) and m.y4 between least(m.y1, m.y2) and greatest(m.y1, m.y2) then m.y4
        else m.y1 end as y
    from met as m
    where case
      when m.follows or m.closes then m.on_one_line and m.along < 0
      when m.ring = m.other_ring then true
      else m.on_one_line and m.overlap or sign(m.d1) * sign(m.d2) < 0 and sign(m.d3) * sign(m.d4) < 0
    end
  )
  select case when f.polygon > 1 or (select max(p.polygon) from unnest(p_points) as p) > 1 then format('polygon %s, ', f.polygon) else '' end
    || format('ring %s %s at (%s, %s)', f.ring, f.what, trim_scale(round(f.x, 6)), trim_scale(round(f.y, 6)))
    || case when f.follows then format(': point %s', f.other_point) when f.closes then format(': point %s', f.point)
      else format(': the line from point %s to point %s meets %sthe line from point %s to point %s', f.point, f.next_point,
        case when f.ring = f.other_ring then '' else 'there ' end, f.other_point, f.other_next) end
  from flaw as f
  order by f.polygon, f.ring, f.point, f.other_ring, f.other_point
  limit 1
$$;

comment on function vessel_activity.shape_flaw(vessel_activity.shape_point[]) is
  'Where the rings of a shape first cross, or a ring meets itself or turns back on itself, in words; NULL if they do not.';
