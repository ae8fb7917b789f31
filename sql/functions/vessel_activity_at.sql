-- The definition of every figure, for any instant: one read-only statement over the source tables, no state.
-- Called by refresh_vessel_activity where the incremental state can't be used, by the verification, and by anybody who
-- wants to know. Raises null_value_not_allowed (22004) for a NULL instant.
create or replace function public.vessel_activity_at(p_as_of timestamptz)
returns public.vessel_activity_realtime
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  -- As variables: in the scans they would be computed anew for every row.
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

  select
    'singleton',
    seen.active_now, seen.active_last_hour, seen.active_last_24h,
    fleet.total_vessels, traffic.positions_last_hour, fleet.vessel_types, fleet.top_flags, traffic.speed_avg,
    p_as_of
  into v_row
  from (
    select
      count(*) filter (where l.seen_at >= v_5_minutes_ago) as active_now,
      count(*) filter (where l.seen_at >= v_hour_ago) as active_last_hour,
      count(*) filter (where l.seen_at >= v_day_ago) as active_last_24h
    from vessel_activity.last_positions(p_as_of) as l
  ) as seen
  cross join (
    select
      count(*) as positions_last_hour,
      coalesce(round(
        (coalesce(sum(r.tenths), 0) * 0.1 + coalesce(sum(r.speed), 0)) / nullif(count(r.tenths) + count(r.speed), 0), 2
      ), 0) as speed_avg
    from public.vessel_positions as p
    cross join lateral (
      select vessel_activity.speed_tenths(p.speed) as tenths,
        case when vessel_activity.speed_tenths(p.speed) is null then vessel_activity.mean_speed_part(p.speed::numeric) end as speed
    ) as r
    where p."timestamp" >= vessel_activity.source_time(v_hour_ago, p."timestamp")
      and p."timestamp" <= vessel_activity.source_time(p_as_of, p."timestamp")
  ) as traffic
  cross join vessel_activity.fleet_figures(array(select f from vessel_activity.fleet_counts_now() as f)) as fleet;

  return v_row;
end
$$;

comment on function public.vessel_activity_at(timestamptz) is
  'The vessel activity figures as of any instant, past ones too, computed from the source tables: the definition that the cached row equals. Types, flags and total are of the fleet as it is now. Example: select * from public.vessel_activity_at(now()).';
