-- The same as feed_truth_at, from the state as fold_inbox or rebuild_state left it and from what these functions read from the
-- source tables with their snapshot.
create or replace function vessel_activity.state_feed_truth(
  p_as_of timestamptz,
  p_newest_report timestamptz,
  p_minute_edge bigint,
  p_positions_ahead bigint
)
returns vessel_activity.feed_truth
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off -- two scans are faster than a probe for each of 3,600 seconds
as $$
declare
  v_first_second constant timestamptz := vessel_activity.first_full_second(p_as_of);
  v_truth vessel_activity.feed_truth;
begin
  v_truth.only_row := true;
  v_truth.as_of := p_as_of;
  v_truth.newest_report := p_newest_report;
  v_truth.positions_ahead := p_positions_ahead;

  select
    coalesce(sum(s.positions) filter (where s.second >= v_first_second + interval '59 minutes'), 0) + p_minute_edge,
    coalesce(sum(s.positions) filter (where f.counted_at < p_as_of), 0),
    coalesce(sum(s.positions - f.reports) filter (where f.counted_at < p_as_of and s.positions > f.reports), 0)
  into v_truth.reports_last_minute, v_truth.timed_last_hour, v_truth.late_last_hour
  from vessel_activity.position_second as s
  left join vessel_activity.first_count as f on f.second = s.second
  where s.second >= v_first_second;
  return v_truth;
end
$$;

comment on function vessel_activity.state_feed_truth(timestamptz, timestamptz, bigint, bigint) is
  'What is said of the feed as of p_as_of, from the state. p_newest_report: see newest_report. p_minute_edge: see minute_edge. p_positions_ahead: positions stamped later than p_as_of.';
