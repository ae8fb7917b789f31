-- The one rule for what is said of the feed. The page, the stream, the status, /metrics and /readyz?strict follow it:
--   quiet  no vessel is active now: the newest report is more than five minutes old
--   late   the newest report is older than settings.feed_late_after
--   live   otherwise
create or replace function vessel_activity.feed_state(p_newest_report timestamptz, p_at timestamptz, p_late_after interval)
returns text
language sql immutable parallel safe
return case
  when p_newest_report < p_at - interval '5 minutes' then 'quiet'
  when p_newest_report < p_at - p_late_after then 'late'
  when p_newest_report is not null then 'live'
end;

comment on function vessel_activity.feed_state(timestamptz, timestamptz, interval) is
  'The state of a feed at p_at: live, late (the newest report is older than p_late_after) or quiet (it is more than 5 minutes old). NULL: there is no report.';
