-- A vessel is new in the last hour if it was not heard in the 24 hours before its first position in that hour. Within an hour
-- there can be no second silence of 24 hours, so only that position has to be looked at.
-- See report_values for the qualified names and operators.
create or replace function vessel_activity.arrival(p_vessel_id anyelement, p_as_of timestamptz)
returns table (arrived_at timestamptz)
language sql stable
as $$
  select vessel_activity.utc_instant(f.at)
  from (
    select p."timestamp" as at
    from public.vessel_positions as p
    where p."vesselId" operator(pg_catalog.=) p_vessel_id
      and p."timestamp" operator(pg_catalog.>=)
        vessel_activity.source_time(p_as_of operator(pg_catalog.-) '1 hour'::pg_catalog.interval, p."timestamp")
      and p."timestamp" operator(pg_catalog.<=) vessel_activity.source_time(p_as_of, p."timestamp")
    order by p."timestamp"
    limit 1
  ) as f
  where not exists (
    select from public.vessel_positions as p
    where p."vesselId" operator(pg_catalog.=) p_vessel_id
      and p."timestamp" operator(pg_catalog.>=) (f.at operator(pg_catalog.-) '24 hours'::pg_catalog.interval)
      and p."timestamp" operator(pg_catalog.<)
        vessel_activity.source_time(p_as_of operator(pg_catalog.-) '1 hour'::pg_catalog.interval, p."timestamp")
  )
$$;

comment on function vessel_activity.arrival(anyelement, timestamptz) is
  'The first position of vessel p_vessel_id in the hour up to p_as_of, if the vessel was not heard in the 24 hours before it. No row: the vessel is not new in that hour.';
