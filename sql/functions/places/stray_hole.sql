-- Finds a hole with a corner outside the outline of its polygon. shape_flaw() has found rings that cross, so a hole lies inside
-- if its corners do.
create or replace function vessel_activity.stray_hole(p_points vessel_activity.shape_point[])
returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case when (select max(p.polygon) from unnest(p_points) as p) > 1 then format('polygon %s, ', h.polygon) else '' end
    || format('ring %s lies outside ring 1: point %s at (%s, %s)', h.ring, h.point, h.longitude, h.latitude)
  from (
    select p.polygon,
      ('(' || string_agg(format('(%s,%s)', p.longitude, p.latitude), ',' order by p.point) || ')')::polygon as outline
    from unnest(p_points) as p
    where p.ring = 1
    group by p.polygon
  ) as o
  join unnest(p_points) as h on h.polygon = o.polygon and h.ring > 1
  where not point(h.longitude::double precision, h.latitude::double precision) <@ o.outline
  order by h.polygon, h.ring, h.point
  limit 1
$$;

comment on function vessel_activity.stray_hole(vessel_activity.shape_point[]) is
  'The first hole of a shape that lies outside the outline of its polygon, in words; NULL if there is none.';
