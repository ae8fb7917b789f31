-- Functions for the source tables that vessel activity creates. The benchmark runs the migration that creates these
-- tables before this file.
create schema bench;

create function bench.vessel_id(p_vessel bigint) returns bigint
language sql immutable parallel safe
return p_vessel;

create function bench.position_id(p_number bigint) returns bigint
language sql immutable parallel safe
return p_number;

create function bench.stamp(p_at timestamptz) returns timestamptz
language sql immutable parallel safe
return p_at;
