-- AIS sends a speed of 102.3 knots for "not available", and 102.2 for 102.2 knots or more. It sends tenths of a knot. Programs
-- that compute with binary fractions make 20.80000114 of 20.8, which is corrected here.
create or replace function vessel_activity.known_speed(p_speed numeric)
returns numeric
language sql immutable parallel safe
return case
  when p_speed between 0 and 102.2 then case when pg_catalog.scale(p_speed) operator(pg_catalog.>) 1 then pg_catalog.round(p_speed, 1) else p_speed end
end;

comment on function vessel_activity.known_speed(numeric) is
  'p_speed (knots over ground) in whole tenths if it is from 0 to 102.2; NULL for all other values, because the speed is unknown then.';
