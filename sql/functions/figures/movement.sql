-- What moves, of the vessels with a position in the last hour: the state of a vessel is that of its last position. A vessel is
-- under way from 0.5 knots on: at anchor the position of a receiver drifts a little.
-- New and silent vessels: see vessel_activity.arrival. A vessel has gone silent if its last position is from the hour before
-- the last hour.
create or replace function vessel_activity.movement(p_as_of timestamptz, p_from_state boolean)
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_movement json;
begin
  execute format(
    $query$
      select row_to_json(m)
      from (
        select
          count(*) filter (where r.seen_at >= $2 and r.speed >= 0.5) as "underWay",
          count(*) filter (where r.seen_at >= $2 and r.speed < 0.5) as stopped,
          count(*) filter (where r.seen_at >= $2 and r.speed is null) as unknown,
          count(*) filter (where r.arrived_at >= $2) as "newLastHour",
          count(*) filter (where r.seen_at < $2 and r.seen_at >= $4) as "goneSilent"
        from (%s) as r
      ) as m
    $query$,
    vessel_activity.reports_query(p_from_state))
  into v_movement
  using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours', p_as_of - interval '2 hours';
  return v_movement;
end
$$;

comment on function vessel_activity.movement(timestamptz, boolean) is
  'Part movement of the document as of p_as_of: numbers of vessels. Of those heard in the last hour, by their last position: underWay (at least 0.5 knots), stopped, unknown (no speed), newLastHour (not heard in the 24 hours before the first position). goneSilent: last heard in the hour before the last hour. p_from_state: from last_report, not by the definition.';
