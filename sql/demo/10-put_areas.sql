-- Puts the areas of the demo when its fleet is made.
create or replace function vessel_activity_demo.put_areas()
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = warning -- one of them crosses the antimeridian, and that is meant
as $$
  select vessel_activity.put_area(a.name, json_build_object(
    'type', 'Polygon',
    'coordinates', json_build_array((
      -- A ring ends where it began.
      select json_agg(json_build_array(a.corners[c.nth][1], a.corners[c.nth][2]) order by n.place)
      from generate_series(0, array_length(a.corners, 1)) as n (place)
      cross join lateral (select 1 + n.place % array_length(a.corners, 1)) as c (nth)
    )))::jsonb)
  from vessel_activity_demo.area as a
  where not exists (select from public.vessel_activity_area as p where p.name = a.name)
  order by a.name
$$;

comment on function vessel_activity_demo.put_areas() is 'Puts the areas of the demo that are not there.';
