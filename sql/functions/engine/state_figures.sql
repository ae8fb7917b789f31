-- Computes the figures from the state as fold_inbox or rebuild_state left it, plus the positions before the first full second
-- of the hour, which those functions return.
create or replace function vessel_activity.state_figures(
  p_as_of timestamptz,
  p_edge_positions bigint,
  p_edge_speed_sum numeric,
  p_edge_speed_count bigint,
  out figures public.vessel_activity_realtime,
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
  v_fleet record;
begin
  figures.id := 'singleton';
  figures.updated_at := p_as_of;

  select
    count(*) filter (where s.seen_at >= v_5_minutes_ago),
    count(*) filter (where s.seen_at >= v_hour_ago),
    count(*) filter (where s.seen_at >= v_day_ago),
    count(*) filter (where s.seen_at < v_kept_from)
  into figures.active_now, figures.active_last_hour, figures.active_last_24h, stale_vessels
  from vessel_activity.last_report as s;

  select
    coalesce(sum(s.positions), 0) + p_edge_positions,
    -- Trimmed, since the scale of a division depends on the trailing zeros of its operands, which come from earlier rows.
    coalesce(round(
      trim_scale(sum(s.speed_sum) + p_edge_speed_sum) / nullif(sum(s.speed_count) + p_edge_speed_count, 0), 2
    ), 0)
  into figures.positions_last_hour, figures.speed_avg
  from (
    select s.positions, s.speed_sum, s.speed_count from vessel_activity.position_second as s
    where s.second >= v_first_second
    union all
    select 0, 0, 0
  ) as s;

  select f.* into v_fleet
  from vessel_activity.fleet_figures(array(select c from vessel_activity.fleet_count as c)) as f;
  figures.total_vessels := v_fleet.total_vessels;
  figures.vessel_types := v_fleet.vessel_types;
  figures.top_flags := v_fleet.top_flags;
end
$$;

comment on function vessel_activity.state_figures(timestamptz, bigint, numeric, bigint) is
  'The figures as of p_as_of, from the state and the given positions before the first full second of the hour. stale_vessels: rows of last_report that are older than 26 hours and may be pruned.';
