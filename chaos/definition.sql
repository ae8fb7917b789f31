-- The figures of an instant in plain SQL, with nothing of vessel activity. The harness compares every served answer with it.
-- as_of: the instant. newest: the last statement of the main writer that had begun when the answer was served. left_out:
-- statements that took so long that the refresh may not have seen them.
with position as materialized (
  select p."vesselId" as vessel, p.timestamp as at, p.speed
  from public.vessel_positions as p
  where p.timestamp <= %(as_of)s::timestamptz and p.timestamp >= %(as_of)s::timestamptz - interval '24 hours'
    and (p.batch <= %(newest)s or p.batch >= 1000000000)
    and p.batch <> all (%(left_out)s::bigint[])
),
fleet as materialized (
  select coalesce(nullif(v."vesselType", ''), 'Unknown') as kind, coalesce(nullif(v.flag, ''), 'Unknown') as flag
  from public.vessels as v
  where v.active
)
select json_build_object(
  'activeNow', (select count(distinct vessel) from position where at >= %(as_of)s::timestamptz - interval '5 minutes'),
  'activeLastHour', (select count(distinct vessel) from position where at >= %(as_of)s::timestamptz - interval '1 hour'),
  'activeLast24h', (select count(distinct vessel) from position),
  'totalVessels', (select count(*) from fleet),
  'positionsLastHour', (select count(*) from position where at >= %(as_of)s::timestamptz - interval '1 hour'),
  'vesselTypes', (select json_object_agg(g.kind, g.number) from (select kind, count(*) as number from fleet group by kind) as g),
  'topFlags', (
    select json_agg(json_build_object('flag', g.flag, 'count', g.number) order by g.number desc, g.flag)
    from (select flag, count(*) as number from fleet group by flag) as g
  ),
  'speedAvg', (
    select coalesce(round(avg(speed), 2), 0) from position
    where at >= %(as_of)s::timestamptz - interval '1 hour' and speed > 0 and speed < 50
  )
)
