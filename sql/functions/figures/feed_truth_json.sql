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
    select row_to_json(d)
    from (
      select
        vessel_activity.feed_state(v_truth.newest_report, p_as_of, s.feed_late_after) as state,
        vessel_activity.iso_instant(v_truth.newest_report) as "newestReport",
        v_truth.reports_last_minute as "reportsLastMinute",
        vessel_activity.late_share(v_truth) as "lateShareLastHour",
        v_truth.positions_ahead as "positionsAhead",
        extract(epoch from s.feed_late_after)::double precision as "lateAfterSeconds"
      from vessel_activity.settings as s
    ) as d
  );
end
$$;

comment on function vessel_activity.feed_truth_json(timestamptz) is
  'What is said of the feed as of p_as_of, as JSON: {state, newestReport, reportsLastMinute, lateShareLastHour, positionsAhead, lateAfterSeconds}. Taken from the last refresh if it was as of p_as_of, else computed by the definition.';
