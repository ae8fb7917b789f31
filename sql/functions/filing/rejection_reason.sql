-- A ship station has an MMSI of nine digits that begins with 2 to 7, the digit of a continent. Other MMSIs are those of
-- coast stations (00), groups (0), aircraft (111), handheld radios (8), and of rescue transmitters, auxiliary craft and
-- aids to navigation (9). AIS sends latitude 91 and longitude 181 for "not available".
create or replace function vessel_activity.rejection_reason(
  p_kind smallint,
  p_mmsi integer,
  p_latitude double precision,
  p_longitude double precision,
  p_is_named boolean
)
returns text
language sql immutable parallel safe
return case
  when p_mmsi between 200000000 and 799999999 then
    case
      when p_latitude between -90 and 90 and p_longitude between -180 and 180 then null
      when vessel_activity.is_static(p_kind, p_latitude, p_longitude)
        and (p_is_named or p_kind operator(pg_catalog.<>) 19) then null
      when p_latitude is null or p_longitude is null
        or p_latitude operator(pg_catalog.=) 91 or p_longitude operator(pg_catalog.=) 181 then 'position not available'
      else 'position out of range'
    end
  else 'not a ship station'
end;

comment on function vessel_activity.rejection_reason(smallint, integer, double precision, double precision, boolean) is
  'Why a report is not filed: not a ship station, position not available, or position out of range. NULL if it is filed. p_is_named: whether it has a name or a type of ship, for which a message of type 19 is filed without a position.';
