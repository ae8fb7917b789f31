-- Puts an area: a new one, or a new shape for the one of that name. The next refresh counts its vessels.
-- Locks: the row of area_revision, until the transaction ends. So two puts at a time wait for each other; refreshes wait for
-- neither.
-- Members, if there are any, get the shape with the next document: see share_areas().
-- Raises invalid_parameter_value (22023) if the name or the shape is refused, and configuration_limit_exceeded (53400) if there
-- are settings.area_limit areas.
create or replace function vessel_activity.put_area(p_name text, p_shape jsonb)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_name constant text := btrim(p_name);
  v_limit integer;
  v_points vessel_activity.shape_point[];
  v_area integer;
  v_east numeric;
  v_west numeric;
begin
  if p_shape is null or v_name is null or length(v_name) not between 1 and 100 or v_name ~ '[[:cntrl:]]' then
    raise exception using
      errcode = 'invalid_parameter_value', message = 'an area needs a name of 1 to 100 characters, and a shape',
      hint = 'Call select public.vessel_activity_area_put(''Rotterdam''::text, ''{"type": "Polygon", "coordinates": [[[3.9, 51.8], [4.6, 51.8], [4.6, 52.1], [3.9, 51.8]]]}''::jsonb).';
  end if;
  v_points := vessel_activity.checked_shape(v_name, p_shape);

  update vessel_activity.area_revision as r set revision = r.revision + 1;
  select s.area_limit into v_limit from vessel_activity.settings as s;
  if not exists (select from public.vessel_activity_area as a where a.name = v_name)
    and (select count(*) from public.vessel_activity_area) >= v_limit then
    raise exception using
      errcode = 'configuration_limit_exceeded', message = format('there are %s areas, as many as settings.area_limit allows', v_limit),
      hint = 'Remove an area with public.vessel_activity_area_remove(), or run update vessel_activity.settings set area_limit = 2000.';
  end if;

  insert into public.vessel_activity_area as a (name, shape)
  values (v_name, vessel_activity.shape_geometry(p_shape))
  on conflict (name) do update set shape = excluded.shape, put_at = clock_timestamp()
  returning a.id into v_area;
  perform vessel_activity.cover_area(v_area, v_points);

  select max(p.longitude), min(p.longitude) into v_east, v_west from unnest(v_points) as p;
  if v_east > 180 then
    raise notice using
      message = format('%s crosses the antimeridian: it reaches from longitude %s to %s', v_name, trim_scale(v_west), trim_scale(v_east - 360)),
      hint = 'Two points of a ring are joined the shorter way. Put points between them if the longer way is meant.';
  end if;
  return v_area;
end
$$;

comment on function vessel_activity.put_area(text, jsonb) is
  'Puts an area in which vessels are counted, or gives it a new shape: a GeoJSON Polygon or MultiPolygon, or a Feature with one. A broken shape is refused with the place. Returns the number of the area.';
