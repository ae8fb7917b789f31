-- Makes a fleet and its position reports. The hash of a position's number gives its vessel, speed and course, and the hash of
-- the vessel its place, so every run has the same data. Only the time comes from the caller. Rows come in the order of time,
-- as in a feed.

-- Gives out the numbers of positions. All numbers above its last value are free.
create sequence bench.position_number;

-- Returns p_rows positions, numbered from p_first. Their times are spread evenly over the span from p_from (exclusive)
-- to p_until (inclusive).
-- Places: between 0 and 65.5 degrees north and east. A vessel drifts within 0.1 degrees, so that few vessels cross the edge of an
-- area.
-- Vessels: four fifths of the fleet report at any time. Of the rest, one in 25 never reports, and every other vessel
-- reports in one hour of the day. The three time windows therefore contain different numbers of vessels.
-- Speeds: multiples of 0.1 knots. 30 % of the reports have speed 0, 3 % have no speed, and 1 % have 102.3. The
-- others have 0.1 to 24.9 knots.
-- All arithmetic is in one query, because functions that run queries would make it ten times slower.
create function bench.positions(p_from timestamptz, p_until timestamptz, p_rows bigint, p_first bigint, p_fleet bigint)
returns setof public.vessel_positions
language sql stable
as $$
  select
    bench.position_id(d.number),
    bench.vessel_id(d.vessel),
    bench.stamp(d.at),
    ((d.place & 65535) + d.motion % 100) / 1000.0::double precision,
    ((d.place >> 16 & 65535) + d.motion / 100 % 100) / 1000.0::double precision,
    case
      when d.motion % 100 < 30 then 0
      when d.motion % 100 < 33 then null
      when d.motion % 100 < 34 then 102.3
      else (d.motion / 100 % 249 + 1) / 10.0::double precision
    end,
    d.motion / 100000 % 360
  from (
    select v.number, v.at, v.vessel, hashint8extended(v.number, 2) & 1073741823 as motion,
      hashint8extended(v.vessel, 3) & 4294967295 as place
    from (
      select h.number, h.at, case
        when h.vessel < p_fleet * 4 / 5 or h.vessel % 25 = date_part('hour', h.at at time zone 'UTC') then h.vessel
        else h.vessel % (p_fleet * 4 / 5)
      end as vessel
      from (
        select t.number, t.at, (hashint8extended(t.number, 1) & 1073741823) % p_fleet as vessel
        from (
          select p_first + i - 1, p_until - (p_until - p_from) / p_rows * (p_rows - i)
          from generate_series(1, p_rows) as i
        ) as t (number, at)
      ) as h
      offset 0 -- keeps the subquery apart, so that each hash is computed once
    ) as v
    offset 0
  ) as d
$$;

-- Inserts new positions as live traffic, with the triggers on. There is one statement and one transaction for each second.
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

-- Inserts p_fleet vessels with twelve vessel types and thirty flag states. The first ones of each list are the most
-- common. In both lists one of the values is null. One vessel in 20 is inactive.
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
