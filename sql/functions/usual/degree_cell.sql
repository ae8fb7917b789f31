-- The number of the cell of 1 degree in which a position lies: from 0, row by row from the south, 360 in a row. A cell has its
-- western and southern edge, as in count_cells(). Longitude 180 is -180, and latitude 90 is in the northernmost row.
create or replace function vessel_activity.degree_cell(p_longitude double precision, p_latitude double precision)
returns integer
language sql immutable parallel safe
return (least(pg_catalog.floor(p_latitude + 90), 179) * 360
  + pg_catalog.floor(case when p_longitude = 180 then 0 else p_longitude + 180 end))::integer;

comment on function vessel_activity.degree_cell(double precision, double precision) is
  'Number of the cell of 1 degree in which a position lies. Its western edge is at number % 360 - 180, its southern edge at number / 360 - 90 degrees.';
