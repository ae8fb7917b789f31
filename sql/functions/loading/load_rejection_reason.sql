-- A ship station has an MMSI of nine digits that begins with 2 to 7, the digit of a continent. Other MMSIs are those of
-- coast stations (00), groups (0), aircraft (111), handheld radios (8), and of rescue transmitters, auxiliary craft and
-- aids to navigation (9). AIS sends latitude 91 and longitude 181 for "not available".
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
  'Why a report is not loaded: not a ship station, position not available, or position out of range. NULL if it is loaded.';
