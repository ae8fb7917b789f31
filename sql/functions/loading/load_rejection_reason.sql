-- Why a landed line that could be read is no position of a ship, or NULL where it is one. Called by load_batch.
-- Ship stations have nine digits that begin with 2 to 7, the continent; the others are coast stations (00), groups (0),
-- aircraft (111), handhelds (8), and rescue transmitters, craft of a mother ship and aids to navigation (9).
-- AIS sends latitude 91 and longitude 181 for "not available".
create or replace function vessel_activity.load_rejection_reason(
  p_mmsi integer,
  p_latitude double precision,
  p_longitude double precision
)
returns text
language sql immutable parallel safe
return case
  when p_mmsi not between 200000000 and 799999999 then 'not a ship station'
  when p_latitude is null or p_longitude is null
    or p_latitude operator(pg_catalog.=) 91 or p_longitude operator(pg_catalog.=) 181 then 'position not available'
  when p_latitude not between -90 and 90 or p_longitude not between -180 and 180 then 'position out of range'
end;

comment on function vessel_activity.load_rejection_reason(integer, double precision, double precision) is
  'Why a report is not loaded: not a ship station, position not available, position out of range; NULL where it is.';
