-- Gives a number that looks random but is always the same for the same vessel and purpose.
create or replace function vessel_activity_demo.draw(p_number bigint, p_purpose bigint, p_sides integer)
returns integer
language sql immutable parallel safe
return ((pg_catalog.hashint8extended(p_number, p_purpose) % p_sides) + p_sides) % p_sides;

comment on function vessel_activity_demo.draw(bigint, bigint, integer) is
  'A repeatable die with p_sides sides: 0 to p_sides - 1.';
