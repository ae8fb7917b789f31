-- The definition of every figure, for any instant. It reads the source tables only, in one snapshot: a stable function
-- reads with the snapshot of the statement that calls it.
-- Raises null_value_not_allowed (22004) if p_as_of is NULL, and insufficient_privilege (42501) if row-level security would
-- hide rows.
create or replace function vessel_activity.figures_at(p_as_of timestamptz)
returns public.vessel_activity_realtime
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off -- an error is better than figures from a part of the rows
set jit = off
as $$
declare
  -- As variables, because the scans would compute the expressions for every row.
  v_5_minutes_ago constant timestamptz := p_as_of - interval '5 minutes';
  v_hour_ago constant timestamptz := p_as_of - interval '1 hour';
  v_day_ago constant timestamptz := p_as_of - interval '24 hours';
  v_row public.vessel_activity_realtime;
begin
  if p_as_of is null then
    raise exception using
      errcode = 'null_value_not_allowed',
      message = 'p_as_of is NULL',
      hint = 'Give the instant to compute for: select * from public.vessel_activity_at(now()).';
  end if;

  execute format(
    'select count(*) filter (where l.seen_at >= $2), count(*) filter (where l.seen_at >= $3), '
    'count(*) filter (where l.seen_at >= $4) from (%s) as l',
    vessel_activity.last_positions_query())
  into v_row.active_now, v_row.active_last_hour, v_row.active_last_24h
  using p_as_of, v_5_minutes_ago, v_hour_ago, v_day_ago;

  select
    count(*),
    coalesce(round(
      trim_scale(coalesce(sum(r.tenths), 0) * 0.1 + coalesce(sum(r.speed), 0)) / nullif(count(r.tenths) + count(r.speed), 0), 2
    ), 0)
  into v_row.positions_last_hour, v_row.speed_avg
  from public.vessel_positions as p
  cross join lateral (
    select vessel_activity.speed_tenths(p.speed) as tenths,
      case when vessel_activity.speed_tenths(p.speed) is null then vessel_activity.mean_speed_part(p.speed::numeric) end as speed
  ) as r
  where p."timestamp" >= vessel_activity.source_time(v_hour_ago, p."timestamp")
    and p."timestamp" <= vessel_activity.source_time(p_as_of, p."timestamp");

  select f.total_vessels, f.vessel_types, f.top_flags
  into v_row.total_vessels, v_row.vessel_types, v_row.top_flags
  from vessel_activity.fleet_figures(array(select c from vessel_activity.fleet_counts_now() as c)) as f;

  v_row.id := 'singleton';
  v_row.updated_at := p_as_of;
  return v_row;
end
$$;

comment on function vessel_activity.figures_at(timestamptz) is
  'The figures as of p_as_of, computed from the source tables alone: the definition of the figures.';
