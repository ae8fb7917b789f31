-- Text of the query that finds the areas of positions. Whatever needs them is built on it: the refresh, the definition and
-- areas_of_positions().
-- A longitude of 180 is -180, where the parts of areas are looked for.
create or replace function vessel_activity.members_query(p_positions text, p_by_cells boolean)
returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case when p_by_cells then format(
    -- Only a position in a cell that an edge crosses is tested against a part. An area that covers a cell is named nowhere else
    -- for that cell.
    $query$
      with position as not materialized (
        select p.vessel_id, p.seen_at, p.speed, p.latitude, case when p.longitude = 180 then -180 else p.longitude end as longitude
        from (%s) as p
        where p.latitude between -90 and 90 and p.longitude between -180 and 180
      ), found as materialized (
        select l.vessel_id, l.seen_at, l.speed, point(l.longitude, l.latitude) as place, c.areas, c.parts
        from position as l
        join vessel_activity.area_cell as c on c.cell >= 0 and c.cell = vessel_activity.cell_of(l.longitude, l.latitude, false)
      )
      select f.vessel_id, f.seen_at, f.speed, unnest(f.areas) as area
      from found as f
      where f.areas <> '{}'
      union all
      select l.vessel_id, l.seen_at, l.speed, unnest(c.areas)
      from position as l
      join vessel_activity.area_cell as c on c.cell < 0 and c.cell = vessel_activity.cell_of(l.longitude, l.latitude, true)
      where exists (select from vessel_activity.area_cell as k where k.cell < 0) -- most areas are smaller
      union all
      select distinct f.vessel_id, f.seen_at, f.speed, p.area
      from (select g.vessel_id, g.seen_at, g.speed, g.place, unnest(g.parts) as part from found as g where g.parts <> '{}') as f
      join vessel_activity.area_part as p on p.id = f.part
      where f.place <@ p.outline and not f.place <@ any (p.holes)
    $query$, p_positions)
  else format(
    $query$
      select distinct l.vessel_id, l.seen_at, l.speed, p.area
      from (
        select p.vessel_id, p.seen_at, p.speed,
          point(case when p.longitude = 180 then -180 else p.longitude end, p.latitude) as place
        from (%s) as p
        where p.latitude between -90 and 90 and p.longitude between -180 and 180
      ) as l
      join vessel_activity.area_part as p on p.extent @> box(l.place, l.place)
      where l.place <@ p.outline and not l.place <@ any (p.holes)
    $query$, p_positions)
  end
$$;

comment on function vessel_activity.members_query(text, boolean) is
  'Text of a query for the areas of positions: vessel_id, seen_at, speed and area, one row for each area in which a position lies. p_positions: text of a query with vessel_id, seen_at, speed, longitude and latitude. p_by_cells: with the help of area_cell, else from the parts of the areas alone.';
