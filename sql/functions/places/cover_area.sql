-- Writes the parts of an area and the cells that it covers, from the points of its shape. What was there of it before is removed.
create or replace function vessel_activity.cover_area(p_area integer, p_points vessel_activity.shape_point[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  perform vessel_activity.uncover_area(p_area);

  with ring as (
    select p.polygon, p.ring, max(p.longitude) as east,
      array_agg(p.longitude order by p.point) as longitudes, array_agg(p.latitude order by p.point) as latitudes
    from unnest(p_points) as p
    group by p.polygon, p.ring
  ), drawn as (
    select r.polygon, r.ring, c.shift,
      (select '(' || string_agg(format('(%s,%s)', x.longitude - c.shift, x.latitude), ',' order by x.number) || ')'
        from unnest(r.longitudes, r.latitudes) with ordinality as x (longitude, latitude, number)
        where x.number < cardinality(r.longitudes))::polygon as ring_polygon
    from ring as r
    join ring as o on o.polygon = r.polygon and o.ring = 1
    cross join lateral (select 0 as shift union all select 360 where o.east >= 180) as c
  )
  insert into vessel_activity.area_part (area, outline, holes, extent)
  select p_area, o.ring_polygon,
    array(select h.ring_polygon from drawn as h where h.polygon = o.polygon and h.shift = o.shift and h.ring > 1),
    box(o.ring_polygon)
  from drawn as o
  where o.ring = 1;

  -- Where one polygon of the area covers a large cell, the small cells in it need not be known.
  with covered as materialized (
    select k.cell, k.part from vessel_activity.cells_of_parts(p_area) as k
  )
  insert into vessel_activity.area_cell as k (cell, areas, parts)
  select c.cell,
    case when bool_or(c.part is null) then array[p_area] else '{}' end,
    case when bool_or(c.part is null) then '{}' else array_agg(c.part order by c.part) end
  from covered as c
  where c.cell < 0 or not exists (
    select from covered as w where w.cell = -1 - (c.cell / 1440 / 16 * 90 + c.cell % 1440 / 16))
  group by c.cell
  on conflict (cell) do update set
    areas = array(select x from unnest(k.areas || excluded.areas) as x order by x),
    parts = array(select x from unnest(k.parts || excluded.parts) as x order by x);
end
$$;

comment on function vessel_activity.cover_area(integer, vessel_activity.shape_point[]) is
  'Brings vessel_activity.area_part and vessel_activity.area_cell up to date for an area with the points of checked_shape().';
