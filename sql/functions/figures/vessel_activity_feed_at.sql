-- The truth of the feed for people: see vessel_activity.feed_truth_at.
create or replace function public.vessel_activity_feed_at(p_as_of timestamptz)
returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.feed_truth_json(p_as_of)
$$;

comment on function public.vessel_activity_feed_at(timestamptz) is
  'What is said of the feed at any instant, as JSON: the time of the newest report, the reports of the last minute, the share of those of the last hour that came late, those stamped ahead of the clock. The share is known for about the last hour only. Example: select public.vessel_activity_feed_at(now()).';
