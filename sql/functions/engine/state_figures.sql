-- Computes the figures from the state as fold_inbox or rebuild_state left it, plus the positions before the first full second
-- of the hour and the vessels before that of each window, which those functions return.
create or replace function vessel_activity.state_figures(
  p_as_of timestamptz,
  p_edge_positions bigint,
  p_edge_speed_sum numeric,
  p_edge_speed_count bigint,
  p_edge_vessels bigint[]
)
returns public.vessel_activity_realtime
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_first_second constant timestamptz := vessel_activity.first_full_second(p_as_of);
  v_row public.vessel_activity_realtime;
  v_fleet record;
begin
  v_row.id := 'singleton';
  v_row.updated_at := p_as_of;

  select max(v.vessels) filter (where v.place = 1), max(v.vessels) filter (where v.place = 2), max(v.vessels) filter (where v.place = 3)
  into v_row.active_now, v_row.active_last_hour, v_row.active_last_24h
  from (
    select w.place, vessel_activity.vessels_since(w.first_second, w.first_minute, w.first_hour) + p_edge_vessels[w.place] as vessels
    from vessel_activity.window_starts(p_as_of) as w
  ) as v;

  select
    coalesce(sum(s.positions), 0) + p_edge_positions,
    -- Trimmed, since the scale of a division depends on the trailing zeros of its operands, which come from earlier rows.
    coalesce(round(
      trim_scale(sum(s.speed_sum) + p_edge_speed_sum) / nullif(sum(s.speed_count) + p_edge_speed_count, 0), 2
    ), 0)
  into v_row.positions_last_hour, v_row.speed_avg
  from (
    select s.positions, s.speed_sum, s.speed_count from vessel_activity.position_second as s
    where s.second >= v_first_second
    union all
    select 0, 0, 0
  ) as s;

  select f.* into v_fleet
  from vessel_activity.fleet_figures(array(select c from vessel_activity.fleet_count as c)) as f;
  v_row.total_vessels := v_fleet.total_vessels;
  v_row.vessel_types := v_fleet.vessel_types;
  v_row.top_flags := v_fleet.top_flags;
  return v_row;
end
$$;

comment on function vessel_activity.state_figures(timestamptz, bigint, numeric, bigint, bigint[]) is
  'The figures as of p_as_of, from the state and the given positions before the first full second of the hour. p_edge_vessels: see vessel_activity.edge_vessels().';
