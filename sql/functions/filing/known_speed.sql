-- AIS sends a speed of 102.3 knots for "not available", and 102.2 for 102.2 knots or more.
create or replace function vessel_activity.known_speed(p_speed numeric)
returns numeric
language sql immutable parallel safe
return case when p_speed between 0 and 102.2 then p_speed end;

comment on function vessel_activity.known_speed(numeric) is
  'p_speed (knots over ground) if it is from 0 to 102.2; NULL for all other values, because the speed is unknown then.';
