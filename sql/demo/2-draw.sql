-- A number from 0 to p_sides - 1 that looks random and is always the same for the same vessel and purpose.
create or replace function vessel_activity_demo.draw(p_number bigint, p_purpose bigint, p_sides integer)
returns integer
language sql immutable parallel safe
return ((pg_catalog.hashint8extended(p_number, p_purpose) % p_sides) + p_sides) % p_sides;

comment on function vessel_activity_demo.draw(bigint, bigint, integer) is 'A repeatable die: 0 to p_sides - 1.';
