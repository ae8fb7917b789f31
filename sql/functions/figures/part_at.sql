-- The definition of every figure, for any instant: the part of this node. It reads the source tables only, in one snapshot: a
-- stable function reads with the snapshot of the statement that calls it. But what Citus keeps in shards is read on its nodes, each
-- in a snapshot of its own.
-- Raises null_value_not_allowed (22004) if p_as_of is NULL, and insufficient_privilege (42501) if row-level security would
-- hide rows; for shards also the errors of ask_shards.
create or replace function vessel_activity.part_at(p_as_of timestamptz)
returns vessel_activity.part
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
  v_part vessel_activity.part;
begin
  if p_as_of is null then
    raise exception using
      errcode = 'null_value_not_allowed',
      message = 'p_as_of is NULL',
      hint = 'Give the instant to compute for: select * from public.vessel_activity_at(now()).';
  end if;

  v_part := vessel_activity.shard_part(p_as_of);

  if v_part.positions is null then
    execute format(
      'select count(*) filter (where l.seen_at >= $2), count(*) filter (where l.seen_at >= $3), '
      'count(*) filter (where l.seen_at >= $4) from (%s) as l',
      vessel_activity.by_shard(vessel_activity.last_positions_query()))
    into v_part.active_now, v_part.active_last_hour, v_part.active_last_24h
    using p_as_of, v_5_minutes_ago, v_hour_ago, v_day_ago;

    select
      count(*),
      trim_scale(coalesce(sum(r.tenths), 0) * 0.1 + coalesce(sum(r.speed), 0)),
      count(r.tenths) + count(r.speed)
    into v_part.positions, v_part.speed_sum, v_part.speed_count
    from public.vessel_positions as p
    cross join lateral (
      select vessel_activity.speed_tenths(p.speed) as tenths,
        case when vessel_activity.speed_tenths(p.speed) is null then vessel_activity.mean_speed_part(p.speed::numeric) end as speed
    ) as r
    where p."timestamp" >= vessel_activity.source_time(v_hour_ago, p."timestamp")
      and p."timestamp" <= vessel_activity.source_time(p_as_of, p."timestamp");
  end if;

  if v_part.fleet is null then
    v_part.fleet := array(
      select row(c.kind, c.name, c.vessels)::vessel_activity.fleet_group
      from vessel_activity.fleet_counts_now() as c
      where c.vessels <> 0
      order by c.kind, c.name collate "C"
    );
  end if;
  v_part.sources := vessel_activity.source_names();
  v_part.as_of := p_as_of;
  return v_part;
end
$$;

comment on function vessel_activity.part_at(timestamptz) is
  'What this node adds to the figures as of p_as_of, computed from the source tables alone: the definition of the figures.';
