-- AIS messages of types 5 and 24 have no position. Type 19 has both, and counts as a position report.
create or replace function vessel_activity.is_static(p_kind smallint)
returns boolean
language sql immutable parallel safe
return coalesce(p_kind in (5, 24), false);

comment on function vessel_activity.is_static(smallint) is
  'Whether AIS messages of this type hold static data only. False if the type is not known.';
