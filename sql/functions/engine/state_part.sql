-- Computes the part of this node from the state as fold_inbox or rebuild_state left it, from the positions of the hour and from
-- the vessels before the first full second of each window. Those functions return both.
create or replace function vessel_activity.state_part(
  p_as_of timestamptz,
  p_positions bigint,
  p_speed_sum numeric,
  p_speed_count bigint,
  p_edge_vessels bigint[]
)
returns vessel_activity.part
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_part vessel_activity.part;
begin
  v_part.as_of := p_as_of;

  select max(v.vessels) filter (where v.place = 1), max(v.vessels) filter (where v.place = 2), max(v.vessels) filter (where v.place = 3)
  into v_part.active_now, v_part.active_last_hour, v_part.active_last_24h
  from (
    select w.place, vessel_activity.vessels_since(w.first_second, w.first_minute, w.first_hour) + p_edge_vessels[w.place] as vessels
    from vessel_activity.window_starts(p_as_of) as w
  ) as v;

  v_part.positions := p_positions;
  v_part.speed_sum := trim_scale(p_speed_sum); -- the trailing zeros come from earlier rows and mean nothing
  v_part.speed_count := p_speed_count;

  v_part.fleet := array(
    select row(c.kind, c.name, c.vessels)::vessel_activity.fleet_group
    from vessel_activity.fleet_count as c
    where c.vessels <> 0
    order by c.kind, c.name collate "C"
  );
  v_part.sources := vessel_activity.source_names();
  return v_part;
end
$$;

comment on function vessel_activity.state_part(timestamptz, bigint, numeric, bigint, bigint[]) is
  'What this node adds to the figures as of p_as_of, from the state. p_positions, p_speed_sum, p_speed_count: positions in the hour up to p_as_of, and the sum (knots) and number of the speeds that enter the mean. p_edge_vessels: see vessel_activity.edge_vessels().';
