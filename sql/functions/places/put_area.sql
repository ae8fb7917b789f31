-- Puts an area: a new one, or a new shape for the one of that name. The next refresh counts its vessels.
-- Locks: the row of area_revision, until the transaction ends. So two puts at a time wait for each other; refreshes wait for
-- neither.
-- Raises feature_not_supported (0A000) if this database has members, invalid_parameter_value (22023) if the name or the shape is refused, and configuration_limit_exceeded (53400) if there
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
  v_flaw text;
  v_area integer;
  v_east numeric;
  v_west numeric;
begin
  perform vessel_activity.refuse_members('an area');
  if p_shape is null or v_name is null or length(v_name) not between 1 and 100 or v_name ~ '[[:cntrl:]]' then
    raise exception using
      errcode = 'invalid_parameter_value', message = 'an area needs a name of 1 to 100 characters, and a shape',
      hint = 'Call select public.vessel_activity_area_put(''Rotterdam''::text, ''{"type": "Polygon", "coordinates": [[[3.9, 51.8], [4.6, 51.8], [4.6, 52.1], [3.9, 51.8]]]}''::jsonb).';
  end if;
  if length(p_shape::text) > 2000000 then
    raise exception using
      errcode = 'invalid_parameter_value', message = format('the shape of %s has %s characters', v_name, length(p_shape::text)),
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
        errcode = 'invalid_parameter_value', message = format('the shape of %s is refused: %s', v_name, v_message), hint = v_hint;
    end;
  end;

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
  perform vessel_activity.uncover_area(v_area);

  with ring as (
    select p.polygon, p.ring, max(p.longitude) as east,
      array_agg(p.longitude order by p.point) as longitudes, array_agg(p.latitude order by p.point) as latitudes
    from unnest(v_points) as p
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
  select v_area, o.ring_polygon,
    array(select h.ring_polygon from drawn as h where h.polygon = o.polygon and h.shift = o.shift and h.ring > 1),
    box(o.ring_polygon)
  from drawn as o
  where o.ring = 1;

  -- Where one polygon of the area covers a large cell, the small cells in it need not be known.
  with covered as materialized (
    select k.cell, k.part from vessel_activity.cells_of_parts(v_area) as k
  )
  insert into vessel_activity.area_cell as k (cell, areas, parts)
  select c.cell,
    case when bool_or(c.part is null) then array[v_area] else '{}' end,
    case when bool_or(c.part is null) then '{}' else array_agg(c.part order by c.part) end
  from covered as c
  where c.cell < 0 or not exists (
    select from covered as w where w.cell = -1 - (c.cell / 1440 / 16 * 90 + c.cell % 1440 / 16))
  group by c.cell
  on conflict (cell) do update set
    areas = array(select x from unnest(k.areas || excluded.areas) as x order by x),
    parts = array(select x from unnest(k.parts || excluded.parts) as x order by x);

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
