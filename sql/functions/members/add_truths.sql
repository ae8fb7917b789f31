-- What is said of the feed on a combining database: of the feeds of all members together. Each member has found out for itself
-- which reports came late.
create or replace function vessel_activity.add_truths(p_own vessel_activity.feed_truth)
returns vessel_activity.feed_truth
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_truth vessel_activity.feed_truth := p_own;
begin
  select greatest(p_own.newest_report, max(t.newest_report)), p_own.reports_last_minute + coalesce(sum(t.reports_last_minute), 0),
    p_own.positions_ahead + coalesce(sum(t.positions_ahead), 0), p_own.timed_last_hour + coalesce(sum(t.timed_last_hour), 0),
    p_own.late_last_hour + coalesce(sum(t.late_last_hour), 0)
  into v_truth.newest_report, v_truth.reports_last_minute, v_truth.positions_ahead, v_truth.timed_last_hour, v_truth.late_last_hour
  from vessel_activity.member_state as s
  cross join lateral json_populate_record(null::vessel_activity.feed_truth, s.answer -> 'truth') as t
  where s.as_of = p_own.as_of and s.answer is not null;
  return v_truth;
end
$$;

comment on function vessel_activity.add_truths(vessel_activity.feed_truth) is
  'What is said of the feeds of this database and of the members that answered to the refresh of its instant.';
