-- Of the positions that edge_reports has read, counts those that are the last of their vessels, by window.
create or replace function vessel_activity.edge_vessels(p_as_of timestamptz, p_vessel_ids anyarray, p_seen_ats timestamptz[])
returns bigint[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan -- a probe of the index for each
as $$
declare
  v_5_minutes_ago constant timestamptz := p_as_of - interval '5 minutes';
  v_hour_ago constant timestamptz := p_as_of - interval '1 hour';
begin
  return (
    select array[
      count(*) filter (where s.seen_at >= v_5_minutes_ago),
      count(*) filter (where s.seen_at >= v_hour_ago and s.seen_at < v_5_minutes_ago),
      count(*) filter (where s.seen_at < v_hour_ago)]
    from unnest(p_vessel_ids, p_seen_ats) as e (vessel_id, seen_at)
    join vessel_activity.last_report as s on s.vessel_id = e.vessel_id and s.seen_at = e.seen_at
  );
end
$$;

comment on function vessel_activity.edge_vessels(timestamptz, anyarray, timestamptz[]) is
  'Vessels whose last position is at or after the beginning of a window and before its first whole second: for 5 minutes, an hour and 24 hours before p_as_of. The positions are those of vessel_activity.edge_reports().';
