-- Takes the geometry out of a Feature, or out of a FeatureCollection with one feature, as shape_points() reads it.
create or replace function vessel_activity.shape_geometry(p_shape jsonb)
returns jsonb
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object('type', g.geometry -> 'type', 'coordinates', g.geometry -> 'coordinates')
  from (
    select case p_shape ->> 'type'
      when 'FeatureCollection' then p_shape #> '{features,0,geometry}'
      when 'Feature' then p_shape -> 'geometry'
      else p_shape
    end as geometry
  ) as g
$$;

comment on function vessel_activity.shape_geometry(jsonb) is
  'The geometry of a GeoJSON shape, with its type and coordinates alone.';
