-- Builds the state from the source tables and empties the inboxes, in one statement: two statements would see two snapshots,
-- and count rows twice or lose them.
-- The small state tables are emptied before it, by DELETE. A TRUNCATE of an unlogged table would be dangerous: if it is rolled
-- back and the server crashes before the abort record is on disk, PostgreSQL does not start.
-- In last_report and last_report_count, the large tables, only rows that differ are written, so that repeated rebuilds leave few
-- dead rows.
-- The caller holds the refresh lock.
create or replace function vessel_activity.rebuild_state(
  p_as_of timestamptz,
  out far_due_at timestamptz,
  out hour_positions bigint,
  out hour_speed_sum numeric,
  out hour_speed_count bigint,
  out edge_positions bigint,
  out edge_speed_sum numeric,
  out edge_speed_count bigint,
  out edge_vessels bigint[],
  out newest_report timestamptz,
  out minute_edge bigint,
  out positions_ahead bigint
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_first_second constant timestamptz := vessel_activity.first_full_second(p_as_of);
begin
  delete from vessel_activity.position_second;
  delete from vessel_activity.upcoming;
  delete from vessel_activity.fleet_count;
  delete from vessel_activity.area_past;
  delete from vessel_activity.area_late;
  delete from vessel_activity.area_grid;

  with emptied as (
    delete from vessel_activity.inbox
  ),
  fleet_emptied as (
    delete from vessel_activity.fleet_inbox
  ),
  last_position as materialized (
    select l.* from vessel_activity.last_reports_at(p_as_of) as l
  ),
  gone as (
    delete from vessel_activity.last_report as s
    where not exists (select from last_position as l where l.vessel_id = s.vessel_id)
  ),
  by_vessel as (
    insert into vessel_activity.last_report as s (vessel_id, seen_at, latitude, longitude, speed, arrived_at)
    select l.vessel_id, l.seen_at, l.latitude, l.longitude, l.speed, l.arrived_at from last_position as l
    on conflict (vessel_id) do update set
      seen_at = excluded.seen_at,
      latitude = excluded.latitude,
      longitude = excluded.longitude,
      speed = excluded.speed,
      arrived_at = excluded.arrived_at
    where (s.seen_at, s.latitude, s.longitude, s.speed, s.arrived_at)
      is distinct from (excluded.seen_at, excluded.latitude, excluded.longitude, excluded.speed, excluded.arrived_at)
  ),
  last_report_count as materialized (
    select c.* from vessel_activity.count_changes(p_as_of, null, array(select l.seen_at from last_position as l)) as c
  ),
  not_counted as (
    delete from vessel_activity.last_report_count as c
    where not exists (select from last_report_count as n where n.seconds = c.seconds and n.starts_at = c.starts_at)
  ),
  counted as (
    insert into vessel_activity.last_report_count as c (seconds, starts_at, vessels)
    select n.seconds, n.starts_at, n.vessels from last_report_count as n
    on conflict (seconds, starts_at) do update set vessels = excluded.vessels
    where c.vessels <> excluded.vessels
  ),
  by_second as (
    insert into vessel_activity.position_second (second, positions, speed_sum, speed_count)
    select r.second, count(*), coalesce(sum(r.tenths), 0) * 0.1 + coalesce(sum(r.speed), 0), count(r.tenths) + count(r.speed)
    from (
      select date_bin('1 second', vessel_activity.utc_instant(p."timestamp"), 'epoch') as second,
        vessel_activity.speed_tenths(p.speed) as tenths,
        case when vessel_activity.speed_tenths(p.speed) is null then vessel_activity.mean_speed_part(p.speed::numeric) end as speed
      from public.vessel_positions as p
      where p."timestamp" >= vessel_activity.source_time(v_first_second, p."timestamp")
        and p."timestamp" <= vessel_activity.source_time(p_as_of, p."timestamp")
    ) as r
    group by r.second
    returning positions, speed_sum, speed_count
  ),
  ahead as (
    insert into vessel_activity.upcoming (vessel_id, seen_at, speed, sign)
    select p."vesselId", vessel_activity.utc_instant(p."timestamp"), p.speed, 1
    from public.vessel_positions as p
    where p."timestamp" > vessel_activity.source_time(p_as_of, p."timestamp")
      and p."timestamp" <= vessel_activity.source_time(p_as_of + interval '1 hour', p."timestamp")
  ),
  fleet as (
    insert into vessel_activity.fleet_count (kind, name, vessels)
    select f.kind, f.name, f.vessels from vessel_activity.fleet_counts_now() as f
  )
  select
    (
      select vessel_activity.utc_instant(p."timestamp")
      from public.vessel_positions as p
      where p."timestamp" > vessel_activity.source_time(p_as_of + interval '1 hour', p."timestamp")
      order by p."timestamp"
      limit 1
    ),
    hour.positions, hour.speed_sum, hour.speed_count, edge.positions, edge.speed_sum, edge.speed_count,
    array(
      select (select count(*) from last_position as l where l.seen_at >= w.starts_at and l.seen_at < w.first_second)
      from vessel_activity.window_starts(p_as_of) as w
      order by w.place
    ),
    vessel_activity.newest_report(p_as_of), vessel_activity.minute_edge(p_as_of),
    (
      select count(*) from public.vessel_positions as p
      where p."timestamp" > vessel_activity.source_time(p_as_of, p."timestamp")
    )
  into far_due_at, hour_positions, hour_speed_sum, hour_speed_count, edge_positions, edge_speed_sum, edge_speed_count, edge_vessels, newest_report, minute_edge, positions_ahead
  from vessel_activity.hour_edge(p_as_of) as edge
  cross join (
    select coalesce(sum(s.positions), 0) as positions, trim_scale(coalesce(sum(s.speed_sum), 0)) as speed_sum,
      coalesce(sum(s.speed_count), 0) as speed_count
    from by_second as s
  ) as hour;
end
$$;

comment on function vessel_activity.rebuild_state(timestamptz) is
  'Builds the state as of p_as_of from the source tables and empties the inboxes. far_due_at: earliest position more than an hour ahead. hour_positions, hour_speed_*: positions since the first full second of the hour. edge_positions, edge_speed_*: positions before the first full second of the hour. edge_vessels: see the function of this name. newest_report, minute_edge: see the functions of these names. positions_ahead: positions stamped later than p_as_of.';
