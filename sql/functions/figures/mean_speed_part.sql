-- Speeds above 0 and below 50 knots enter the mean speed. NaN and the infinities do not: numeric sorts NaN above every
-- number.
create or replace function vessel_activity.mean_speed_part(p_speed numeric)
returns numeric
language sql immutable parallel safe
return case when p_speed > 0 and p_speed < 50 then p_speed end;

comment on function vessel_activity.mean_speed_part(numeric) is
  'p_speed (knots) if it enters the mean speed (0 < speed < 50), else NULL.';
