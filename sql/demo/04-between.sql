-- Where a vessel is that sails along a great circle.
create or replace function vessel_activity_demo.between(
  p_latitude double precision, p_longitude double precision, p_other_latitude double precision, p_other_longitude double precision,
  p_share double precision
)
returns table (latitude double precision, longitude double precision)
language sql immutable parallel safe
begin atomic
  -- The mean of the two directions from the centre of the earth, each with a weight that keeps the pace even.
  select atan2d(v.z, sqrt(v.x * v.x + v.y * v.y)), atan2d(v.y, v.x)
  from (
    select
      w.here * cosd(p_latitude) * cosd(p_longitude) + w.there * cosd(p_other_latitude) * cosd(p_other_longitude),
      w.here * cosd(p_latitude) * sind(p_longitude) + w.there * cosd(p_other_latitude) * sind(p_other_longitude),
      w.here * sind(p_latitude) + w.there * sind(p_other_latitude)
    from (
      select
        case when a.angle < 1e-9 then 1 - p_share else sind((1 - p_share) * a.angle) / sind(a.angle) end,
        case when a.angle < 1e-9 then p_share else sind(p_share * a.angle) / sind(a.angle) end
      from (
        select vessel_activity_demo.distance_nm(p_latitude, p_longitude, p_other_latitude, p_other_longitude) / 60
      ) as a (angle)
    ) as w (here, there)
  ) as v (x, y, z);
end;

comment on function vessel_activity_demo.between(double precision, double precision, double precision, double precision, double precision) is
  'The point that is p_share of the way from one point to another along the great circle, in degrees.';
