-- The definition of vessel_activity.last_report, for any instant. It reads the source tables only; as a stable function it reads
-- with the snapshot of the statement that calls it.
create or replace function vessel_activity.last_reports_at(p_as_of timestamptz)
returns setof vessel_activity.last_report
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off -- an error is better than figures from a part of the rows
set jit = off
as $$
begin
  if vessel_activity.asks_shards('vessel_positions') then
    return query select r.* from vessel_activity.shard_reports(p_as_of) as r;
    return;
  end if;
  if vessel_activity.followed_shards() is not null then
    return query execute vessel_activity.by_shard(format(
      'select l.vessel_id, l.seen_at, v.latitude, v.longitude, v.speed, a.arrived_at, null::integer, null::integer '
      'from (%s) as l left join lateral (%s) as v (latitude, longitude, speed) on true '
      'left join lateral (%s) as a (arrived_at) on l.seen_at >= $2',
      vessel_activity.last_positions_query(),
      vessel_activity.spelled_out('vessel_activity.report_values(anyelement,timestamptz)', '{l.vessel_id,l.seen_at}'),
      vessel_activity.spelled_out('vessel_activity.arrival(anyelement,timestamptz)', '{l.vessel_id,$1}')))
    using p_as_of, p_as_of - interval '1 hour';
    return;
  end if;
  return query execute format(
    'select l.vessel_id, l.seen_at, v.latitude, v.longitude, v.speed, a.arrived_at, null::integer, null::integer '
    'from (%s) as l '
    'left join lateral vessel_activity.report_values(l.vessel_id, l.seen_at) as v on true '
    'left join lateral vessel_activity.arrival(l.vessel_id, $1) as a on l.seen_at >= $2',
    vessel_activity.last_positions_query())
  using p_as_of, p_as_of - interval '1 hour';
end
$$;

comment on function vessel_activity.last_reports_at(timestamptz) is
  'The last position of each vessel at or before p_as_of, if it is at most 24 hours older, computed from the source tables alone: the definition of last_report. arrived_at: set if the vessel is new in the last hour, see vessel_activity.arrival. number and area_set are NULL.';
