-- Four digits say all that a share of the reports of an hour can say.
create or replace function vessel_activity.late_share(p_truth vessel_activity.feed_truth)
returns numeric
language sql immutable parallel safe
return trim_scale(round(p_truth.late_last_hour::numeric / nullif(p_truth.timed_last_hour, 0), 4));

comment on function vessel_activity.late_share(vessel_activity.feed_truth) is
  'Of the reports of the last hour of which it is known whether they arrived late: the share that arrived more than a minute after their time, 0 to 1. NULL: of none it is known.';
