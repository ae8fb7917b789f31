-- A quarter of the reports is lost, more at night and at the weekend than by day, so that the figures rise and fall like those
-- of a real network of receivers.
create or replace function vessel_activity_demo.received(p_at double precision)
returns double precision
language sql immutable parallel safe
return 0.75 + 0.13 * sin(2 * pi() * (p_at - 21600) / 86400)
  -- Lowest as Saturday begins: 1 January 1970 was a Thursday.
  - 0.05 * cos(2 * pi() * (p_at - 172800) / 604800)
  + 0.03 * sin(2 * pi() * p_at / 1728000.0);

comment on function vessel_activity_demo.received(double precision) is
  'Which share of the reports of an instant is received. The instant is in seconds since 1970. It changes with the hour, with the day of the week, and a little from week to week.';
