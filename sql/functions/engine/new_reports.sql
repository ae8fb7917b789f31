-- Says what the vessels in a fold change in last_report. fold_inbox calls it in its own statement: as a stable function it reads
-- the source tables with the snapshot with which the inbox was emptied. It plans anew if there are many vessels.
-- Most vessels have sent a position since the refresh before. Their values come from one scan of the index on timestamp, which
-- reads rows side by side. A probe of the index for each vessel would take several times as long. It is left for vessels
-- that are late or lost a position.
-- A vessel is looked up anew in two cases. If it lost a position: its last one may be an older one now. And to see whether it
-- is new in the last hour: if it was unknown, may have been silent for 24 hours, lost a position, or got one from before its
-- arrival.
create or replace function vessel_activity.new_reports(
  p_as_of timestamptz,
  p_scan_from timestamptz,
  p_vessel_ids anyarray,
  p_came_ats timestamptz[],
  p_first_ats timestamptz[],
  p_lost_ones boolean[],
  out row_ids tid[],
  out was_ats timestamptz[],
  out vessel_ids anyarray,
  out seen_ats timestamptz[],
  out latitudes double precision[],
  out longitudes double precision[],
  out speeds double precision[],
  out arrived_ats timestamptz[]
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
-- All this is in memory. A probe of last_report takes as long as reading five of its rows, so its costs follow the vessels of the
-- fold, not those of the fleet.
set random_page_cost = 0.05
set seq_page_cost = 4
set enable_mergejoin = off -- ids may be texts, which are slow to sort
set enable_sort = off
-- From PostgreSQL 16 on, DISTINCT ON can be sorted by parts. To keep the order for that, all pairs of vessels would be compared.
set enable_incremental_sort = off
as $$
declare
  v_hour_ago constant timestamptz := p_as_of - interval '1 hour';
  v_day_ago constant timestamptz := p_as_of - interval '24 hours';
begin
  if cardinality(p_vessel_ids) is null then
    return;
  end if;

  -- The plan for few vessels is always the same, and planning would take longer than the work.
  if cardinality(p_vessel_ids) < 2000 then
    perform set_config('plan_cache_mode', 'force_generic_plan', true);
  end if;

  with changed as (
    select c.number, c.vessel_id, c.came_at, s.arrived_at, s.ctid as row_id, s.seen_at as was_at,
      c.lost_one or coalesce(c.came_at < s.seen_at, false) as is_moved,
      c.lost_one or s.seen_at is null or s.seen_at < c.first_at - interval '24 hours' or c.came_at > c.first_at + interval '24 hours'
        or coalesce(c.first_at < s.arrived_at, false) as is_unsure
    from unnest(p_vessel_ids, p_came_ats, p_first_ats, p_lost_ones) with ordinality as c (vessel_id, came_at, first_at, lost_one, number)
    left join vessel_activity.last_report as s on s.vessel_id = c.vessel_id
    where c.lost_one or s.seen_at is null or c.came_at >= s.seen_at or c.first_at < s.arrived_at
  ),
  recent as (
    select p."vesselId" as vessel_id, vessel_activity.utc_instant(p."timestamp") as seen_at, p.latitude, p.longitude, p.speed
    from public.vessel_positions as p
    where p."timestamp" >= vessel_activity.source_time(p_scan_from, p."timestamp")
      and p."timestamp" <= vessel_activity.source_time(p_as_of, p."timestamp")
    offset 0 -- one scan, and not a probe for each vessel
  ),
  -- Of several positions at its time the one that report_values() gives. To sort by a number is fast.
  last_at as materialized (
    select distinct on (c.number) c.row_id, c.was_at, c.vessel_id, c.arrived_at, c.is_unsure, r.vessel_id is not null as is_found,
      k.latitude, k.longitude, k.speed,
      case when c.is_moved then (
        select vessel_activity.utc_instant(p."timestamp")
        from public.vessel_positions as p
        where p."vesselId" = c.vessel_id
          and p."timestamp" <= vessel_activity.source_time(p_as_of, p."timestamp")
        order by p."timestamp" desc
        limit 1
      ) else c.came_at end as seen_at
    from changed as c
    left join recent as r on r.vessel_id = c.vessel_id and r.seen_at = c.came_at and not c.is_moved
    cross join lateral (
      select vessel_activity.known_number(r.latitude, -90, 90) as latitude,
        vessel_activity.known_number(r.longitude, -180, 180) as longitude,
        vessel_activity.known_number(r.speed, 0, 102.2) as speed
    ) as k
    order by c.number, k.speed desc nulls last, k.latitude desc nulls last, k.longitude desc nulls last
  ),
  report as (
    select l.row_id, l.was_at, l.vessel_id, l.seen_at, l.latitude, l.longitude, l.speed, l.arrived_at
    from last_at as l
    where l.is_found and not l.is_unsure
    union all
    -- A lateral join is computed before its condition is seen. No vessel is NULL, so nothing is looked up for NULL.
    select l.row_id, l.was_at, l.vessel_id, coalesce(l.seen_at, '-infinity'),
      case when l.is_found then l.latitude else v.latitude end,
      case when l.is_found then l.longitude else v.longitude end,
      case when l.is_found then l.speed else v.speed end,
      case when l.is_unsure then a.arrived_at else l.arrived_at end
    from last_at as l
    left join lateral vessel_activity.report_values(case when not l.is_found then l.vessel_id end, l.seen_at) as v on true
    left join lateral vessel_activity.arrival(case when l.is_unsure and l.seen_at >= v_hour_ago then l.vessel_id end, p_as_of) as a
      on true
    where not (l.is_found and not l.is_unsure) and (l.row_id is not null or l.seen_at >= v_day_ago)
  )
  select array_agg(r.row_id), array_agg(r.was_at), array_agg(r.vessel_id), array_agg(r.seen_at), array_agg(r.latitude),
    array_agg(r.longitude), array_agg(r.speed), array_agg(r.arrived_at)
  into row_ids, was_ats, vessel_ids, seen_ats, latitudes, longitudes, speeds, arrived_ats
  from report as r;
end
$$;

comment on function vessel_activity.new_reports(timestamptz, timestamptz, anyarray, timestamptz[], timestamptz[], boolean[]) is
  'The rows of last_report that a fold changes, as of p_as_of. Given for each vessel: its latest and earliest position among the changes, and whether it lost a position. row_ids: ctid of the row in last_report, NULL for a new one. was_ats: what that row says of its last position. p_scan_from: positions from then on are read by one scan. seen_ats is -infinity if the vessel has no position any more.';
