-- Real counts scatter. The scatter is drawn anew for each span of time, and runs straight in between, since two windows that
-- overlap hold the same vessels. It is the same whenever it is computed.
create or replace function vessel_activity_demo.scatter(p_at double precision, p_span double precision, p_purpose bigint)
returns double precision
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select sum(d.scatter * d.weight)
  from (
    select
      -- The sum of four dice is nearly normal; its standard deviation is brought to 1.
      (sum(vessel_activity_demo.draw((floor(p_at / p_span) + s.side)::bigint, p_purpose * 10 + n.nth, 1001)) / 1000.0 - 2) / 0.577 as scatter,
      abs(1 - s.side - (p_at / p_span - floor(p_at / p_span))) as weight
    from (values (0), (1)) as s (side)
    cross join generate_series(1, 4) as n (nth)
    group by s.side
  ) as d
$$;

comment on function vessel_activity_demo.scatter(double precision, double precision, bigint) is
  'A repeatable random number for the instant p_at (seconds since 1970), about -3 to 3, that changes within p_span seconds.';
