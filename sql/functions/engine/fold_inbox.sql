-- Takes all changes since the last refresh into the state, in one statement and so with one snapshot. The rows that its
-- DELETEs remove are exactly the rows that it counts, also if writers commit late.
-- With the same snapshot it reads from the source tables what the state can't tell: the new last position of each vessel that
-- lost a position, the values of the last positions, the positions before the first full second of each window,
-- the newest position, and, for p_verify, the part of this node, the last reports, the truth of the feed, the areas and the dark cells by their definitions.
-- The caller holds the refresh lock.
create or replace function vessel_activity.fold_inbox(
  p_as_of timestamptz,
  p_previous timestamptz,
  p_verify boolean,
  out new_rows bigint,
  out far_due_at timestamptz,
  out hour_positions bigint,
  out hour_speed_sum numeric,
  out hour_speed_count bigint,
  out edge_positions bigint,
  out edge_speed_sum numeric,
  out edge_speed_count bigint,
  out edge_vessels bigint[],
  out is_incomplete boolean,
  out newest_report timestamptz,
  out minute_edge bigint,
  out ahead_change bigint,
  out definition vessel_activity.part,
  out reports_definition text,
  out feed_definition vessel_activity.feed_truth,
  out places_definition json
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  -- The longest window, and the hour before which a vessel has to be silent to be new in that hour.
  v_oldest constant timestamptz := p_as_of - interval '25 hours';
  v_hour_ahead constant timestamptz := p_as_of + interval '1 hour';
  v_first_second constant timestamptz := vessel_activity.first_full_second(p_as_of);
  -- Reports need some seconds to arrive. So the scan begins a little before the previous refresh, by a third of the time since.
  v_scan_from constant timestamptz := greatest(p_previous - (p_as_of - p_previous) / 3, p_as_of - interval '2 minutes');
  v_past_at constant timestamptz := (select max(p.as_of) from vessel_activity.area_past as p);
  v_taken record;
begin
  with taken as materialized (
    delete from vessel_activity.inbox as i
    returning i.vessel_id, vessel_activity.utc_instant(i.seen_at) as seen_at, i.sign, i.speed,
      vessel_activity.speed_tenths(i.speed) as tenths
  ),
  come_due as (
    delete from vessel_activity.upcoming as u
    where u.seen_at <= p_as_of
    returning u.vessel_id, u.seen_at, u.sign, u.speed, vessel_activity.speed_tenths(u.speed) as tenths
  ),
  put_off as (
    insert into vessel_activity.upcoming (vessel_id, seen_at, sign, speed)
    select t.vessel_id, t.seen_at, t.sign, t.speed from taken as t where t.seen_at > p_as_of and t.seen_at <= v_hour_ahead
  ),
  event as not materialized (
    select t.* from taken as t where t.seen_at <= p_as_of and t.seen_at >= v_oldest
    union all
    select d.* from come_due as d where d.seen_at >= v_oldest
  ),
  second_change as materialized (
    select date_bin('1 second', e.seen_at, 'epoch') as second, sum(e.sign) as positions,
      coalesce(sum(e.sign * e.tenths), 0) * 0.1 + coalesce(sum(e.sign * r.speed), 0) as speed_sum,
      coalesce(sum(e.sign) filter (where e.tenths is not null or r.speed is not null), 0) as speed_count
    from event as e
    cross join lateral (
      select case when e.tenths is null then vessel_activity.mean_speed_part(e.speed::numeric) end as speed
    ) as r
    where e.seen_at >= v_first_second
    group by 1
  ),
  by_second as (
    insert into vessel_activity.position_second as s (second, positions, speed_sum, speed_count)
    select c.second, c.positions, c.speed_sum, c.speed_count from second_change as c
    on conflict (second) do update set
      positions = s.positions + excluded.positions,
      speed_sum = s.speed_sum + excluded.speed_sum,
      speed_count = s.speed_count + excluded.speed_count
  ),
  pruned as (
    delete from vessel_activity.position_second as s where s.second < v_first_second
    returning s.positions, s.speed_sum, s.speed_count
  ),
  by_vessel as materialized (
    select e.vessel_id, max(e.seen_at) as came_at, min(e.seen_at) as first_at, bool_or(e.sign < 0) as lost_one
    from event as e
    where e.vessel_id is not null
    group by e.vessel_id
  ),
  fleet_taken as (
    delete from vessel_activity.fleet_inbox as i
    returning i.kind, i.name, i.vessels
  ),
  fleet as (
    insert into vessel_activity.fleet_count as c (kind, name, vessels)
    select t.kind, t.name, sum(t.vessels) from fleet_taken as t group by t.kind, t.name having sum(t.vessels) <> 0
    on conflict (kind, md5(name)) do update set vessels = c.vessels + excluded.vessels
  )
  select
    total.new_rows, total.far_due_at, total.is_incomplete,
    total.ahead_change - (select coalesce(sum(d.sign), 0) from come_due as d) as ahead_change,
    vessel_activity.newest_report(p_as_of) as newest_report, vessel_activity.minute_edge(p_as_of) as minute_edge,
    exists (select from fleet_taken) as has_fleet_changes,
    hour.positions, hour.speed_sum, hour.speed_count,
    edge.positions as edge_positions, edge.speed_sum as edge_speed_sum, edge.speed_count as edge_speed_count,
    edge_reports.vessel_ids as edge_ids, edge_reports.seen_ats as edge_ats,
    reports.row_ids, reports.was_ats, reports.vessel_ids, reports.seen_ats, reports.latitudes, reports.longitudes, reports.speeds, reports.arrived_ats,
    vessels.late_ids, vessels.late_ats,
    case when p_verify then vessel_activity.part_at(p_as_of) end as definition,
    case when p_verify then vessel_activity.reports_digest(p_as_of, false) end as reports_definition,
    case when p_verify then vessel_activity.feed_truth_at(p_as_of) end as feed_definition,
    case when p_verify then vessel_activity.places_definition(p_as_of) end as places_definition
  into v_taken
  from vessel_activity.hour_edge(p_as_of) as edge
  cross join (
    select sum(h.positions) as positions, trim_scale(sum(h.speed_sum)) as speed_sum, sum(h.speed_count) as speed_count
    from (
      select s.hour_positions, s.hour_speed_sum, s.hour_speed_count from vessel_activity.state as s
      union all
      select c.positions, c.speed_sum, c.speed_count from second_change as c
      union all
      select - p.positions, - p.speed_sum, - p.speed_count from pruned as p
    ) as h (positions, speed_sum, speed_count)
  ) as hour
  cross join (
    select count(*) as new_rows, min(t.seen_at) filter (where t.seen_at > v_hour_ahead) as far_due_at,
      coalesce(bool_or(t.sign = 0), false) as is_incomplete,
      coalesce(sum(t.sign) filter (where t.seen_at > p_as_of), 0) as ahead_change
    from taken as t
  ) as total
  cross join (
    select array_agg(v.vessel_id) as ids, array_agg(v.came_at) as came_ats, array_agg(v.first_at) as first_ats,
      array_agg(v.lost_one) as lost_ones,
      case when bool_or(v.lost_one) then '-infinity' else min(v.first_at) end as changed_from,
      array_agg(v.vessel_id::text) filter (where v.first_at <= v_past_at) as late_ids,
      array_agg(v.first_at) filter (where v.first_at <= v_past_at) as late_ats
    from by_vessel as v
  ) as vessels
  cross join lateral vessel_activity.edge_reports(p_as_of, vessels.ids, vessels.changed_from) as edge_reports
  cross join lateral vessel_activity.new_reports(
    p_as_of, v_scan_from, vessels.ids, vessels.came_ats, vessels.first_ats, vessels.lost_ones) as reports;

  perform vessel_activity.update_last_report(
    v_taken.row_ids, v_taken.vessel_ids, v_taken.seen_ats, v_taken.latitudes, v_taken.longitudes, v_taken.speeds,
    v_taken.arrived_ats);
  perform vessel_activity.count_last_reports(p_as_of, v_taken.was_ats, v_taken.seen_ats);
  -- Where these vessels were is kept for an instant that their changes precede: see correct_area_past().
  if v_taken.late_ids is not null then
    insert into vessel_activity.area_late (vessel_id, changed_at)
    select l.vessel_id, l.changed_at from unnest(v_taken.late_ids, v_taken.late_ats) as l (vessel_id, changed_at);
  end if;
  if v_taken.has_fleet_changes then
    delete from vessel_activity.fleet_count as c where c.vessels = 0; -- otherwise every name that ever occurred would stay
  end if;

  new_rows := v_taken.new_rows;
  far_due_at := v_taken.far_due_at;
  hour_positions := v_taken.positions;
  hour_speed_sum := v_taken.speed_sum;
  hour_speed_count := v_taken.speed_count;
  edge_positions := v_taken.edge_positions;
  edge_speed_sum := v_taken.edge_speed_sum;
  edge_speed_count := v_taken.edge_speed_count;
  edge_vessels := vessel_activity.edge_vessels(p_as_of, v_taken.edge_ids, v_taken.edge_ats);
  is_incomplete := v_taken.is_incomplete;
  newest_report := v_taken.newest_report;
  minute_edge := v_taken.minute_edge;
  ahead_change := v_taken.ahead_change;
  definition := v_taken.definition;
  reports_definition := v_taken.reports_definition;
  feed_definition := v_taken.feed_definition;
  places_definition := v_taken.places_definition;
end
$$;

comment on function vessel_activity.fold_inbox(timestamptz, timestamptz, boolean) is
  'Takes all changes since the last refresh into the state. p_previous: the instant of the refresh before. new_rows: changes of positions taken in. far_due_at: earliest position more than an hour ahead. hour_positions, hour_speed_*: positions since the first full second of the hour. edge_positions, edge_speed_*: positions before the first full second of the hour. edge_vessels: see the function of this name. is_incomplete: a trigger recorded that the inbox is incomplete (see note_tree and note_merge). newest_report, minute_edge: see the functions of these names. ahead_change: by how much the number of positions stamped later than p_as_of has grown. definition, reports_definition, feed_definition, places_definition: for p_verify, the part of this node, the digest of the last reports, the truth of the feed, and digests of areas and dark cells by their definitions.';
