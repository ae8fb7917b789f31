-- Reads the points of a GeoJSON shape, and refuses what is none: other types, positions that are no numbers or out of range,
-- rings that are not closed or have too few points. shape_flaw() finds rings that cross.
-- Two neighbouring points of a ring are joined the shorter way round the globe. So a ring from 179 to -179 crosses the
-- antimeridian, and its longitudes are told as 179 and 181. Only a line of exactly 360 degrees goes the long way: it is an edge
-- of the whole world.
-- Raises invalid_parameter_value (22023) with the place.
create or replace function vessel_activity.shape_points(p_shape jsonb)
returns setof vessel_activity.shape_point
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_geometry jsonb := p_shape;
  v_polygons jsonb;
  v_rings jsonb;
  v_ring jsonb;
  v_position jsonb;
  v_place text;
  v_first vessel_activity.shape_point;
  v_last vessel_activity.shape_point;
  v_point vessel_activity.shape_point;
  v_points vessel_activity.shape_point[];
  v_shift numeric; -- of the ring so far
  v_outline_from numeric;
  v_whole numeric; -- of the ring, so that it begins on the globe, and a hole within its outline
begin
  if v_geometry ->> 'type' = 'FeatureCollection' and jsonb_typeof(v_geometry -> 'features') = 'array' then
    if jsonb_array_length(v_geometry -> 'features') <> 1 then
      raise exception using
        errcode = 'invalid_parameter_value',
        message = format('the FeatureCollection has %s features', jsonb_array_length(v_geometry -> 'features')),
        hint = 'Put each feature as an area of its own.';
    end if;
    v_geometry := v_geometry -> 'features' -> 0;
  end if;
  if v_geometry ->> 'type' = 'Feature' then
    v_geometry := v_geometry -> 'geometry';
  end if;
  v_polygons := case v_geometry ->> 'type'
    when 'Polygon' then jsonb_build_array(v_geometry -> 'coordinates')
    when 'MultiPolygon' then v_geometry -> 'coordinates'
  end;
  if v_polygons is null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = case
        when jsonb_typeof(v_geometry -> 'type') = 'string' then format('the shape is a %s', left(v_geometry ->> 'type', 30))
        else 'the shape is no GeoJSON geometry'
      end,
      hint = 'Give a GeoJSON geometry of type Polygon or MultiPolygon, or a Feature that has one.';
  end if;
  if jsonb_typeof(v_polygons) <> 'array' or v_polygons = '[]' then
    raise exception using
      errcode = 'invalid_parameter_value', message = 'the shape has no coordinates',
      hint = 'Give the coordinates as GeoJSON does: a list of rings, each a list of [longitude, latitude].';
  end if;

  for v_polygon in 1..jsonb_array_length(v_polygons) loop
    v_rings := v_polygons -> v_polygon - 1;
    if jsonb_typeof(v_rings) is distinct from 'array' or v_rings = '[]' then
      raise exception using
        errcode = 'invalid_parameter_value', message = format('polygon %s has no rings', v_polygon),
        hint = 'Give each polygon as a list of rings, the outline first.';
    end if;
    for v_ring_number in 1..jsonb_array_length(v_rings) loop
      v_ring := v_rings -> v_ring_number - 1;
      v_place := case when jsonb_array_length(v_polygons) > 1 then format('polygon %s, ', v_polygon) else '' end
        || format('ring %s', v_ring_number);
      if jsonb_typeof(v_ring) is distinct from 'array' or v_ring = '[]' then
        raise exception using
          errcode = 'invalid_parameter_value', message = v_place || ' is no list of points',
          hint = 'Give each ring as a list of points, each [longitude, latitude].';
      end if;
      v_points := '{}';
      v_shift := 0;
      v_last := null;
      for v_number in 1..jsonb_array_length(v_ring) loop
        v_position := v_ring -> v_number - 1;
        if jsonb_typeof(v_position) is distinct from 'array' or jsonb_typeof(v_position -> 0) is distinct from 'number'
          or jsonb_typeof(v_position -> 1) is distinct from 'number' then
          raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s, point %s is no position: %s', v_place, v_number, left(v_position::text, 60)),
            hint = 'Give each point as two numbers: [longitude, latitude].';
        end if;
        v_point := (v_polygon, v_ring_number, v_number, (v_position ->> 0)::numeric, (v_position ->> 1)::numeric);
        if abs(v_point.latitude) > 90 then
          raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s, point %s: latitude %s is out of range', v_place, v_number, v_point.latitude),
            hint = 'Give [longitude, latitude], in this order. A latitude lies between -90 and 90 degrees.';
        elsif abs(v_point.longitude) > 360 then
          raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s, point %s: longitude %s is out of range', v_place, v_number, v_point.longitude),
            hint = 'Give longitudes between -180 and 180 degrees. Beyond the antimeridian they may go on as far as 360.';
        end if;
        v_point.longitude := v_point.longitude + v_shift;
        if abs(v_point.longitude - v_last.longitude) > 180 and abs(v_point.longitude - v_last.longitude) <> 360 then
          v_shift := v_shift - 360 * round((v_point.longitude - v_last.longitude) / 360);
          v_point.longitude := v_point.longitude - 360 * round((v_point.longitude - v_last.longitude) / 360);
        end if;
        -- A point that only repeats the one before it makes no edge.
        if v_last is null or (v_point.longitude, v_point.latitude) <> (v_last.longitude, v_last.latitude) then
          v_points := v_points || v_point;
          v_last := v_point;
        end if;
      end loop;
      v_first := v_points[1];
      if v_last.latitude = v_first.latitude and abs(v_last.longitude - v_first.longitude) = 360 then
        raise exception using
          errcode = 'invalid_parameter_value',
          message = format('%s goes round a pole: it ends 360 degrees from where it begins', v_place),
          hint = 'Lead the ring along the antimeridian to the pole, along latitude 90 or -90, and back.';
      elsif (v_last.longitude, v_last.latitude) <> (v_first.longitude, v_first.latitude) then
        raise exception using
          errcode = 'invalid_parameter_value',
          message = format('%s is not closed: it begins at (%s, %s) and ends at (%s, %s)', v_place,
            v_first.longitude, v_first.latitude, v_last.longitude, v_last.latitude),
          hint = 'Repeat the first point of the ring as its last.';
      elsif cardinality(v_points) < 4 then
        raise exception using
          errcode = 'invalid_parameter_value',
          message = format('%s has %s different points; a ring needs at least 3', v_place, greatest(cardinality(v_points) - 1, 1)),
          hint = 'Give at least three corners, and the first of them again at the end.';
      elsif (select max(p.longitude) - min(p.longitude) > 360 from unnest(v_points) as p) then
        raise exception using
          errcode = 'invalid_parameter_value',
          message = format('%s reaches over more than 360 degrees of longitude', v_place),
          hint = 'Give a ring that goes round the globe once at most.';
      end if;
      select min(p.longitude) into v_whole from unnest(v_points) as p;
      if v_ring_number = 1 then
        v_whole := -360 * floor((v_whole + 180) / 360);
        select min(p.longitude) + v_whole into v_outline_from from unnest(v_points) as p;
      else
        v_whole := -360 * floor((v_whole - v_outline_from) / 360);
      end if;
      return query
        select p.polygon, p.ring, p.point, p.longitude + v_whole, p.latitude
        from unnest(v_points) as p;
    end loop;
  end loop;
end
$$;

comment on function vessel_activity.shape_points(jsonb) is
  'The points of a GeoJSON Polygon or MultiPolygon, or of a Feature or FeatureCollection with one of them, in their order. Raises an error that names the place if the shape is broken.';
