-- The part "feed" of the document about the activity.
create or replace function vessel_activity.feed_truth_json(p_as_of timestamptz)
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_truth vessel_activity.feed_truth;
begin
  select t.* into v_truth from vessel_activity.feed_truth as t where t.as_of = p_as_of;
  if not found then
    v_truth := vessel_activity.feed_truth_at(p_as_of);
  end if;
  return (
    select json_build_object(
      'newestReport', vessel_activity.iso_instant(v_truth.newest_report),
      'reportsLastMinute', v_truth.reports_last_minute,
      'lateShareLastHour', vessel_activity.late_share(v_truth),
      'positionsAhead', v_truth.positions_ahead,
      'state', vessel_activity.feed_state(v_truth.newest_report, p_as_of, s.feed_late_after),
      'lateAfterSeconds', extract(epoch from s.feed_late_after)
    )
    from vessel_activity.settings as s
  );
end
$$;

comment on function vessel_activity.feed_truth_json(timestamptz) is
  'What is said of the feed as of p_as_of, as JSON: {newestReport, reportsLastMinute, lateShareLastHour, positionsAhead, state, lateAfterSeconds}. Taken from the last refresh if it was as of p_as_of, else computed by the definition.';
