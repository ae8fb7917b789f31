-- Computes the part of this node from the state as fold_inbox or rebuild_state left it, plus the positions before the first full second
-- of the hour, which those functions return.
create or replace function vessel_activity.state_part(
  p_as_of timestamptz,
  p_edge_positions bigint,
  p_edge_speed_sum numeric,
  p_edge_speed_count bigint,
  out part vessel_activity.part,
  out stale_vessels bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Variables, since the expressions would be computed again for every row of a scan.
  v_5_minutes_ago constant timestamptz := p_as_of - interval '5 minutes';
  v_hour_ago constant timestamptz := p_as_of - interval '1 hour';
  v_day_ago constant timestamptz := p_as_of - interval '24 hours';
  -- Areas compare with an instant up to 65 minutes ago, and with the 24 hours before that.
  v_kept_from constant timestamptz := p_as_of - interval '26 hours';
  v_first_second constant timestamptz := vessel_activity.first_full_second(p_as_of);
begin
  part.as_of := p_as_of;

  select
    count(*) filter (where s.seen_at >= v_5_minutes_ago),
    count(*) filter (where s.seen_at >= v_hour_ago),
    count(*) filter (where s.seen_at >= v_day_ago),
    count(*) filter (where s.seen_at < v_kept_from)
  into part.active_now, part.active_last_hour, part.active_last_24h, stale_vessels
  from vessel_activity.last_report as s;

  select
    coalesce(sum(s.positions), 0) + p_edge_positions,
    -- Trimmed: the trailing zeros come from earlier rows and mean nothing.
    trim_scale(sum(s.speed_sum) + p_edge_speed_sum),
    sum(s.speed_count) + p_edge_speed_count
  into part.positions, part.speed_sum, part.speed_count
  from (
    select s.positions, s.speed_sum, s.speed_count from vessel_activity.position_second as s
    where s.second >= v_first_second
    union all
    select 0, 0, 0
  ) as s;

  part.fleet := array(
    select row(c.kind, c.name, c.vessels)::vessel_activity.fleet_group
    from vessel_activity.fleet_count as c
    where c.vessels <> 0
    order by c.kind, c.name collate "C"
  );
  part.sources := vessel_activity.source_names();
end
$$;

comment on function vessel_activity.state_part(timestamptz, bigint, numeric, bigint) is
  'What this node adds to the figures as of p_as_of, from the state and the given positions before the first full second of the hour. stale_vessels: rows of last_report that are older than 26 hours and may be pruned.';
