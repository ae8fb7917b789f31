-- The cells that parts of areas cover, for area_cell. A cell that no edge touches lies wholly inside or wholly outside, and its
-- centre tells which. PostgreSQL compares points with a tolerance of a millionth of a degree, so an edge counts as touching a
-- cell from a little further away.
create or replace function vessel_activity.cells_of_parts(p_area integer)
returns table (cell integer, part integer)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with figure as materialized (
    select p.id, p.outline, p.holes, p.extent from vessel_activity.area_part as p where p.area = p_area
  ), ring as (
    select f.id, x.ring
    from figure as f
    cross join lateral unnest(f.holes || f.outline) as x (ring)
  ), side as materialized (
    -- The corners of a polygon can't be read one by one, so they are read from its text.
    select e.id, e.x as x1, e.y as y1,
      coalesce(lead(e.x) over w, first_value(e.x) over w) as x2, coalesce(lead(e.y) over w, first_value(e.y) over w) as y2
    from (
      select r.id, r.number as ring, c.number, split_part(c.corner, ',', 1)::double precision as x,
        split_part(c.corner, ',', 2)::double precision as y
      from (select g.id, g.ring, row_number() over () as number from ring as g) as r
      cross join lateral regexp_split_to_table(btrim(r.ring::text, '()'), '\),\(') with ordinality as c (corner, number)
    ) as e
    window w as (partition by e.id, e.ring order by e.number)
  ), touched as materialized (
    select distinct s.id, l.size, c.n as across, r.n as up
    from side as s
    cross join (values (4.0::double precision), (1.0::double precision), (0.25::double precision)) as l (size)
    cross join lateral generate_series(
      greatest(floor((least(s.x1, s.x2) - 1e-5::double precision + 180) / l.size), 0)::integer,
      least(floor((greatest(s.x1, s.x2) + 1e-5::double precision + 180) / l.size), 360 / l.size - 1)::integer) as c (n)
    cross join lateral generate_series(
      greatest(floor((least(s.y1, s.y2) - 1e-5::double precision + 90) / l.size), 0)::integer,
      floor((greatest(s.y1, s.y2) + 1e-5::double precision + 90) / l.size)::integer) as r (n)
    cross join lateral (
      -- On which side of the line each corner of the cell lies.
      select
        (s.x2 - s.x1) * (k.south - s.y1) - (s.y2 - s.y1) * (k.west - s.x1) as a,
        (s.x2 - s.x1) * (k.south - s.y1) - (s.y2 - s.y1) * (k.east - s.x1) as b,
        (s.x2 - s.x1) * (k.north - s.y1) - (s.y2 - s.y1) * (k.west - s.x1) as c,
        (s.x2 - s.x1) * (k.north - s.y1) - (s.y2 - s.y1) * (k.east - s.x1) as d
      from (
        select c.n * l.size - 180 - 1e-5::double precision as west, (c.n + 1) * l.size - 180 + 1e-5::double precision as east,
          r.n * l.size - 90 - 1e-5::double precision as south, (r.n + 1) * l.size - 90 + 1e-5::double precision as north
      ) as k
    ) as d
    where least(d.a, d.b, d.c, d.d) <= 0 and greatest(d.a, d.b, d.c, d.d) >= 0
  ), untouched as (
    select f.id, 4.0::double precision as size, c.n as across, r.n as up
    from figure as f
    cross join lateral generate_series(
      greatest(floor(((f.extent[1])[0] + 180) / 4), 0)::integer, least(floor(((f.extent[0])[0] + 180) / 4), 89)::integer) as c (n)
    cross join lateral generate_series(
      floor(((f.extent[1])[1] + 90) / 4)::integer, floor(((f.extent[0])[1] + 90) / 4)::integer) as r (n)
    union all
    select t.id, t.size / 4, t.across * 4 + c.n, t.up * 4 + r.n
    from touched as t
    cross join generate_series(0, 3) as c (n)
    cross join generate_series(0, 3) as r (n)
    where t.size > 0.25
    except
    select t.id, t.size, t.across, t.up from touched as t
  ), covered as (
    select u.id, u.size, u.across, u.up
    from untouched as u
    join figure as f on f.id = u.id
    cross join lateral (
      select point((u.across + 0.5::double precision) * u.size - 180, (u.up + 0.5::double precision) * u.size - 90) as centre
    ) as m
    where m.centre <@ f.outline and not m.centre <@ any (f.holes)
  )
  select -1 - (v.up * 90 + v.across), null::integer
  from covered as v
  where v.size = 4
  union all
  select (v.up * (v.size * 4)::integer + r.n) * 1440 + v.across * (v.size * 4)::integer + c.n, null::integer
  from covered as v
  cross join lateral generate_series(0, (v.size * 4)::integer - 1) as c (n)
  cross join lateral generate_series(0, (v.size * 4)::integer - 1) as r (n)
  where v.size < 4
  union all
  select t.up * 1440 + t.across, t.id
  from touched as t
  where t.size = 0.25
$$;

comment on function vessel_activity.cells_of_parts(integer) is
  'The cells that the parts of an area cover. part: NULL if a part covers the whole cell, else the part that covers some of it.';
