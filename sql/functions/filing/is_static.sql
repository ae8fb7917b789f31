-- AIS messages of types 5 and 24 have no position. Type 19 has position, name and type. It counts as a position report, but if
-- its position can't be used, its name and type still can.
create or replace function vessel_activity.is_static(p_kind smallint, p_latitude double precision, p_longitude double precision)
returns boolean
language sql immutable parallel safe
return coalesce(
  p_kind in (5, 24)
    or p_kind operator(pg_catalog.=) 19 and (p_latitude between -90 and 90 and p_longitude between -180 and 180) is not true,
  false);

comment on function vessel_activity.is_static(smallint, double precision, double precision) is
  'Whether an AIS message of this type gives static data only: types 5 and 24, and type 19 if its position (degrees) can''t be used. False if the type is not known.';
