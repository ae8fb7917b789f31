-- What moves, of the vessels with a position in the last hour: the state of a vessel is that of its last position. A vessel is
-- under way from 0.5 knots on: at anchor the position of a receiver drifts a little.
-- New and silent vessels: see vessel_activity.arrival. A vessel has gone silent if its last position is from the hour before
-- the last hour.
create or replace function vessel_activity.movement(p_pairs vessel_activity.pair_count[])
returns json
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select row_to_json(m)
  from (
    select
      coalesce(sum(p.under_way), 0) as "underWay",
      coalesce(sum(p.stopped), 0) as stopped,
      coalesce(sum(p.active_last_hour - p.under_way - p.stopped), 0) as unknown,
      coalesce(sum(p.arrived), 0) as "newLastHour",
      coalesce(sum(p.silent), 0) as "goneSilent"
    from unnest(p_pairs) as p
  ) as m
$$;

comment on function vessel_activity.movement(vessel_activity.pair_count[]) is
  'Part movement of the document from the counts of count_reports(): numbers of vessels. Of those heard in the last hour, by their last position: underWay (at least 0.5 knots), stopped, unknown (no speed), newLastHour (not heard in the 24 hours before the first position). goneSilent: last heard in the hour before the last hour.';
