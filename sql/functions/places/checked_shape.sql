-- Reads the shape of an area, and refuses one in which positions can't be looked for.
-- Raises invalid_parameter_value (22023) if the shape is refused. The message names the area and the place.
create or replace function vessel_activity.checked_shape(p_name text, p_shape jsonb)
returns vessel_activity.shape_point[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_points vessel_activity.shape_point[];
  v_flaw text;
begin
  if length(p_shape::text) > 2000000 then
    raise exception using
      errcode = 'invalid_parameter_value', message = format('the shape of %s has %s characters', p_name, length(p_shape::text)),
      hint = 'Simplify the shape: it may have 2,000,000 characters and 10,000 points.';
  end if;
  begin
    v_points := array(select p from vessel_activity.shape_points(p_shape) as p);
    if cardinality(v_points) > 10000 then
      raise exception using
        errcode = 'invalid_parameter_value', message = format('the shape has %s points', cardinality(v_points)),
        hint = 'Simplify the shape to 10,000 points at most.';
    end if;
    v_flaw := vessel_activity.shape_flaw(v_points);
    if v_flaw is not null then
      raise exception using
        errcode = 'invalid_parameter_value', message = v_flaw,
        hint = 'Give rings that do not cross, and that pass each point once.';
    end if;
    v_flaw := vessel_activity.stray_hole(v_points);
    if v_flaw is not null then
      raise exception using
        errcode = 'invalid_parameter_value', message = v_flaw,
        hint = 'Give the outline of a polygon as its first ring, and holes that lie inside it. Give other outlines as polygons of a MultiPolygon.';
    end if;
  exception when invalid_parameter_value then
    declare
      v_message text;
      v_hint text;
    begin
      get stacked diagnostics v_message = message_text, v_hint = pg_exception_hint;
      raise exception using
        errcode = 'invalid_parameter_value', message = format('the shape of %s is refused: %s', p_name, v_message), hint = v_hint;
    end;
  end;
  return v_points;
end
$$;

comment on function vessel_activity.checked_shape(text, jsonb) is
  'The points of a GeoJSON shape. Raises invalid_parameter_value if the shape of the area p_name is broken or too large.';
