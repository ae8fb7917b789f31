-- Makes the row of figures out of parts that share no vessel. The definition and the state each give a part, and members give
-- theirs. So all of them end here, and what can't be added up is computed in one place: the mean and the ten commonest groups.
-- The groups are added up before ten of them are chosen: a type may be rare in each part and common in all.
create or replace function vessel_activity.row_of_parts(p_parts vessel_activity.part[])
returns public.vessel_activity_realtime
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_fleet vessel_activity.fleet_group[] := p_parts[1].fleet;
  v_figures record;
  v_row public.vessel_activity_realtime;
begin
  select min(p.as_of), sum(p.active_now), sum(p.active_last_hour), sum(p.active_last_24h), sum(p.positions),
    -- Trimmed, since the scale of a division depends on the trailing zeros of its operands, which come from earlier rows.
    coalesce(round(trim_scale(sum(p.speed_sum)) / nullif(sum(p.speed_count), 0), 2), 0)
  into v_row.updated_at, v_row.active_now, v_row.active_last_hour, v_row.active_last_24h, v_row.positions_last_hour, v_row.speed_avg
  from unnest(p_parts) as p;

  if cardinality(p_parts) > 1 then
    v_fleet := array(
      select row(f.kind, f.name, sum(f.vessels))::vessel_activity.fleet_group
      from unnest(p_parts) as p
      cross join unnest(p.fleet) as f
      group by f.kind, f.name collate "C", f.name
    );
  end if;
  v_figures := vessel_activity.fleet_figures(v_fleet);
  v_row.total_vessels := v_figures.total_vessels;
  v_row.vessel_types := v_figures.vessel_types;
  v_row.top_flags := v_figures.top_flags;

  v_row.id := 'singleton';
  return v_row;
end
$$;

comment on function vessel_activity.row_of_parts(vessel_activity.part[]) is
  'The row of figures from parts as of one instant that share no vessel. updated_at: the instant of the parts.';
