-- How far apart two points of the chart are.
create or replace function vessel_activity_demo.distance_nm(
  p_latitude double precision, p_longitude double precision, p_other_latitude double precision, p_other_longitude double precision
)
returns double precision
language sql immutable parallel safe
return 60 * acosd(least(1,
  sind(p_latitude) * sind(p_other_latitude) + cosd(p_latitude) * cosd(p_other_latitude) * cosd(p_other_longitude - p_longitude)));

comment on function vessel_activity_demo.distance_nm(double precision, double precision, double precision, double precision) is
  'The distance of two points along the great circle, in nautical miles.';
