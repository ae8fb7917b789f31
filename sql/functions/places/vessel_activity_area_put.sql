-- Puts an area for people: see vessel_activity.put_area, also for its lock.
-- Raises invalid_parameter_value (22023) if the name or the shape is refused, and configuration_limit_exceeded (53400) if there
-- are settings.area_limit areas.
create or replace function public.vessel_activity_area_put(p_name text, p_shape jsonb)
returns integer
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.put_area(p_name, p_shape)
$$;

comment on function public.vessel_activity_area_put(text, jsonb) is
  'Puts an area in which vessels are counted, or gives it a new shape: a GeoJSON Polygon or MultiPolygon, or a Feature with one. A broken shape is refused with the place. Returns the number of the area.';
