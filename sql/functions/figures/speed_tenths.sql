-- AIS sends speed in tenths of a knot, and adding whole tenths is many times faster than numeric arithmetic, above all
-- where the column is a float: its conversion to numeric goes through text. A float that is no whole tenth gives NULL
-- here, and so does a numeric; those are added as numeric (mean_speed_part), so the sum is exact either way.
-- Called where many speeds are added at once: vessel_activity_at, fold_inbox and rebuild_state.
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
  'p_speed (knots) in tenths of a knot where it is a whole number of them and enters the mean, 0 < speed < 50; else NULL.';
comment on function vessel_activity.speed_tenths(real) is
  'p_speed (knots) in tenths of a knot where it is a whole number of them and enters the mean, 0 < speed < 50; else NULL.';
comment on function vessel_activity.speed_tenths(numeric) is
  'NULL: a numeric speed needs no conversion.';
