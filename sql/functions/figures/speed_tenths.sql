-- Makes it fast to add many speeds. AIS sends speed in tenths of a knot, and adding whole tenths is many times faster than
-- adding numerics, above all if the column is a float: a float is converted to numeric through text.
-- A float that is not a whole number of tenths gives NULL, and so does every numeric. Those speeds are added as numeric
-- (vessel_activity.mean_speed_part()), so the sum is exact in either case.
create or replace function vessel_activity.speed_tenths(p_speed double precision)
returns bigint
language sql immutable parallel safe
return case
  when p_speed > 0 and p_speed < 50 and pg_catalog.round(p_speed * 10) / 10 = p_speed
    then pg_catalog.round(p_speed * 10)::bigint
end;

create or replace function vessel_activity.speed_tenths(p_speed real)
returns bigint
language sql immutable parallel safe
return case
  when p_speed > 0 and p_speed < 50 and (pg_catalog.round(p_speed * 10::double precision) / 10)::real = p_speed
    then pg_catalog.round(p_speed * 10::double precision)::bigint
end;

create or replace function vessel_activity.speed_tenths(p_speed numeric)
returns bigint
language sql immutable parallel safe
return null::bigint;

comment on function vessel_activity.speed_tenths(double precision) is
  'p_speed (knots) in tenths of a knot, if it is a whole number of tenths and enters the mean speed (0 < speed < 50); else NULL.';
comment on function vessel_activity.speed_tenths(real) is
  'p_speed (knots) in tenths of a knot, if it is a whole number of tenths and enters the mean speed (0 < speed < 50); else NULL.';
comment on function vessel_activity.speed_tenths(numeric) is
  'Always NULL: a numeric speed is added as it is.';
