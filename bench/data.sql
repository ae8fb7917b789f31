-- A fleet and its traffic, made from numbers alone: the same on every run, in the order of time, as a feed arrives.
-- Position number n belongs to the vessel and has the speed that its hash says; only its time is given from outside.

-- Numbers already used.
create sequence bench.position_number;

-- p_rows positions, evenly over the span that ends at p_until (inclusive), numbered from p_first.
-- Vessels: four fifths of the fleet report at any time; the others each in one hour of the day, one in 25 of them
-- never, so that the three windows see different numbers of vessels.
-- Speeds: tenths of a knot; three in ten lie still, three in a hundred don't know, one in a hundred says 102.3.
-- Plain arithmetic in one query: functions with queries of their own would make it ten times slower.
create function bench.positions(p_from timestamptz, p_until timestamptz, p_rows bigint, p_first bigint, p_fleet bigint)
returns setof public.vessel_positions
language sql stable
as $$
  select
    bench.position_id(d.number),
    bench.vessel_id(case
      when d.vessel < p_fleet * 4 / 5 or d.vessel % 25 = d.hour then d.vessel
      else d.vessel % (p_fleet * 4 / 5)
    end),
    bench.stamp(d.at),
    (d.place & 65535) / 1000.0::double precision,
    (d.place >> 16 & 65535) / 1000.0::double precision,
    case
      when d.motion % 100 < 30 then 0
      when d.motion % 100 < 33 then null
      when d.motion % 100 < 34 then 102.3
      else (d.motion / 100 % 249 + 1) / 10.0::double precision
    end,
    d.motion / 100000 % 360
  from (
    select t.number, t.at,
      date_part('hour', t.at at time zone 'UTC') as hour,
      (hashint8extended(t.number, 1) & 1073741823) % p_fleet as vessel,
      hashint8extended(t.number, 2) & 1073741823 as motion,
      hashint8extended(t.number, 3) & 4294967295 as place
    from (
      select p_first + i - 1, p_until - (p_until - p_from) / p_rows * (p_rows - i)
      from generate_series(1, p_rows) as i
    ) as t (number, at)
    offset 0 -- each hash once
  ) as d
$$;

-- The same, arriving now: inserted through the triggers, one statement and transaction a second.
create procedure bench.feed(p_from timestamptz, p_until timestamptz, p_rows bigint, p_fleet bigint)
language plpgsql
as $$
declare
  v_statements constant bigint := greatest(1, least(p_rows, ceil(extract(epoch from p_until - p_from))));
  v_step constant interval := (p_until - p_from) / v_statements;
  v_first bigint;
  v_rows bigint;
begin
  for v_number in 1..v_statements loop
    v_rows := p_rows * v_number / v_statements - p_rows * (v_number - 1) / v_statements;
    v_first := setval('bench.position_number', nextval('bench.position_number') + v_rows) - v_rows;
    insert into public.vessel_positions
    select p.*
    from bench.positions(p_from + v_step * (v_number - 1),
      case when v_number = v_statements then p_until else p_from + v_step * v_number end, v_rows, v_first, p_fleet) as p;
    commit;
  end loop;
end
$$;

-- Twelve types and thirty flags, each commoner than the next; some unknown.
create function bench.fill_vessels(p_fleet bigint) returns void
language sql volatile
as $$
  insert into public.vessels (id, mmsi, name, "vesselType", flag, active)
  select bench.vessel_id(v), (200000000 + v)::text, 'VESSEL ' || v,
    (array['Cargo', 'Tanker', 'Fishing', 'Passenger', 'Tug', 'Pleasure craft', 'Sailing', 'Pilot vessel', 'Dredger',
      'High speed craft', 'Search and rescue', null])[1 + floor(12 * (hashint8extended(v, 6) & 65535) ^ 2 / 65536 ^ 2)],
    (array['PA', 'LR', 'MH', 'SG', 'MT', 'US', 'CN', 'BS', 'GR', 'JP', 'NO', 'CY', 'DK', 'GB', 'NL', 'DE', 'KR', 'IN',
      'ID', 'VN', 'RU', 'TR', 'IT', 'FR', 'ES', 'SE', 'FI', 'BR', 'PT', null])
      [1 + floor(30 * (hashint8extended(v, 7) & 65535) ^ 2 / 65536 ^ 2)],
    v % 20 <> 0
  from generate_series(0, p_fleet - 1) as v
$$;
