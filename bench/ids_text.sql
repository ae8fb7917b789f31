-- Creates the source tables as the original product has them (Prisma). Ids are cuids, which are texts of 25 characters.
-- Timestamps are timestamp(3) without time zone. The benchmark runs this file on an empty database. Vessel activity is
-- installed afterwards and uses these tables.
create schema bench;

create table public.vessels (
  id text not null,
  mmsi text not null,
  name text,
  "vesselType" text,
  flag text,
  active boolean not null default true
);

create table public.vessel_positions (
  id text not null,
  "vesselId" text not null,
  timestamp timestamp(3) not null,
  latitude double precision,
  longitude double precision,
  speed double precision,
  course double precision
);

-- A cuid begins with the time at which it was made. The ids of vessels that were imported together therefore share a
-- long prefix, and the ids of positions ascend.
create function bench.vessel_id(p_vessel bigint) returns text
language sql immutable parallel safe
return 'clx4k2v9f0000' || lpad(to_hex((p_vessel * 2654435761) & 4294967295), 12, '0');

create function bench.position_id(p_number bigint) returns text
language sql immutable parallel safe
return 'cm3x' || lpad(p_number::text, 21, '0');

create function bench.stamp(p_at timestamptz) returns timestamp
language sql immutable parallel safe
return timezone('UTC', p_at);
