-- Finds the areas in which positions lie, by the cells. Only a position in a cell that an edge crosses is tested against a part.
-- The lists of positions are long, so PostgreSQL must not look up cell by cell.
create or replace function vessel_activity.areas_of_positions(p_longitudes double precision[], p_latitudes double precision[])
returns table (number bigint, areas integer[])
language plpgsql stable
rows 10000
set search_path = pg_catalog, pg_temp
set enable_mergejoin = off
set jit = off
as $$
begin
  return query
    with located as materialized (
      select u.number, u.longitude, u.latitude
      from rows from (unnest(p_longitudes), unnest(p_latitudes)) with ordinality as l (east, north, number)
      cross join lateral (select l.number, case when l.east = 180 then -180 else l.east end as longitude, l.north as latitude) as u
      where u.longitude >= -180 and u.longitude < 180 and u.latitude >= -90 and u.latitude <= 90
    ), found as materialized (
      select l.number, l.longitude, l.latitude, w.areas as whole, f.areas, f.parts
      from located as l
      left join vessel_activity.area_cell as f on f.cell = vessel_activity.cell_of(l.longitude, l.latitude, false)
      left join vessel_activity.area_cell as w on w.cell = vessel_activity.cell_of(l.longitude, l.latitude, true)
      where f.cell is not null or w.cell is not null
    ), tested as (
      select f.number, array_agg(distinct p.area) as areas
      from found as f
      cross join lateral unnest(f.parts) as x (part)
      join vessel_activity.area_part as p on p.id = x.part
      where point(f.longitude, f.latitude) <@ p.outline and not point(f.longitude, f.latitude) <@ any (p.holes)
      group by f.number
    )
    select f.number, s.areas
    from found as f
    left join tested as t on t.number = f.number
    cross join lateral (
      select case
        when f.whole is null and t.areas is null then f.areas
        when f.areas is null or f.areas = '{}' and f.whole is null and t.areas is not null then coalesce(f.whole, t.areas)
        else array(select distinct x from unnest(coalesce(f.whole, '{}') || f.areas || coalesce(t.areas, '{}')) as x order by x)
      end as areas
    ) as s
    where s.areas <> '{}';
end
$$;

comment on function vessel_activity.areas_of_positions(double precision[], double precision[]) is
  'The areas in which positions lie, by vessel_activity_area.id, ascending. number: which position, from 1. Positions outside every area, and those that are on no place of the globe, are left out. A longitude of 180 is -180.';
