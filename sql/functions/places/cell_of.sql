-- The number of the cell in which a position lies. Cells of a quarter of a degree have the numbers from 0, row by row from the
-- south, 1,440 in a row. Cells of 4 degrees have the numbers from -1 downwards, 90 in a row. A cell has its western and southern
-- edge; latitude 90 has a row of its own.
create or replace function vessel_activity.cell_of(p_longitude double precision, p_latitude double precision, p_is_coarse boolean)
returns integer
language sql immutable parallel safe
return case
  when p_is_coarse then -1 - (pg_catalog.floor((p_latitude + 90) / 4) * 90 + pg_catalog.floor((p_longitude + 180) / 4))::integer
  else (pg_catalog.floor((p_latitude + 90) * 4) * 1440 + pg_catalog.floor((p_longitude + 180) * 4))::integer
end;

comment on function vessel_activity.cell_of(double precision, double precision, boolean) is
  'Number of the cell in which a position lies, with the longitude from -180 to below 180 and the latitude from -90 to 90: of 4 degrees if p_is_coarse, else of a quarter of a degree.';
