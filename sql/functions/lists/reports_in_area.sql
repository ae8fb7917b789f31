-- Text of the query for those of the last reports whose position lies in an area. members_query() decides; the frame around the
-- area spares it the positions that are far off. PostgreSQL tests points with a tolerance, so the frame has one too.
-- A part that reaches beyond longitude 180 is there twice, so the frame is that of the copy that is not further west.
create or replace function vessel_activity.reports_in_area(p_area integer, p_reports text, p_by_cells boolean)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $query$
      select r.*
      from (%s) as r
      where r.vessel_id in (select m.vessel_id from (%s) as m where m.area = %s)
    $query$,
    p_reports,
    vessel_activity.members_query(
      format(
        'select r.* from (%1$s) as r where r.latitude between %2$L::float8 and %3$L::float8 and (r.longitude = 180'
        ' or r.longitude between %4$L::float8 and %5$L::float8 or r.longitude + 360 between %4$L::float8 and %5$L::float8)',
        p_reports, f.south, f.north, f.west, f.east),
      p_by_cells),
    p_area)
  from (
    select min((p.extent[1])[0]) - 0.0001 as west, min((p.extent[1])[1]) - 0.0001 as south,
      max((p.extent[0])[0]) + 0.0001 as east, max((p.extent[0])[1]) + 0.0001 as north
    from vessel_activity.area_part as p
    where p.area = p_area and (p.extent[1])[0] >= -180
  ) as f
$$;

comment on function vessel_activity.reports_in_area(integer, text, boolean) is
  'Text of a query for those rows of p_reports whose position lies in an area. p_area: vessel_activity_area.id. p_reports: text of a query with the columns of last_report. p_by_cells: with the help of area_cell, else from the parts of the areas alone.';
