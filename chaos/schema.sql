-- The user's tables. batch says which statement of which writer wrote a position. The numbers of vessels of each type and
-- flag differ, so their order is certain.
create table public.vessels (
  id bigserial primary key, mmsi text not null unique, name text, "vesselType" text, flag text, active boolean not null default true
);
create table public.vessel_positions (
  id bigserial primary key, "vesselId" bigint not null, timestamp timestamptz not null, latitude double precision,
  longitude double precision, speed numeric, course real, batch bigint not null default 0
);
create table public.untriggered (like public.vessel_positions including all);
insert into public.vessels (mmsi, name, "vesselType", flag, active)
select 200000000 + n, 'V' || n,
  case when n % 100 < 40 then 'Cargo' when n % 100 < 65 then 'Tanker' when n % 100 < 80 then 'Fishing' when n % 100 < 92 then 'Tug' end,
  case when n % 100 < 35 then 'PA' when n % 100 < 60 then 'LR' when n % 100 < 78 then 'NO' when n % 100 < 90 then 'US' end,
  n % 10 > 0
from generate_series(1, 2000) as n;
grant select, insert, update, delete on public.vessels, public.vessel_positions, public.untriggered to writer;
grant usage on all sequences in schema public to writer;
