-- How an alert is told in the document, to listeners and to the webhook. Compact: row_to_json writes no spaces.
create or replace function vessel_activity.alert_json(p_alert vessel_activity.alert)
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select row_to_json(d)
  from (
    select
      p_alert.name as name,
      p_alert.area as area,
      p_alert.figure as figure,
      p_alert.comparison as comparison,
      trim_scale(p_alert.threshold) as threshold,
      trim_scale(p_alert.usual_low) as "usualLow",
      trim_scale(p_alert.usual_high) as "usualHigh",
      trim_scale(p_alert.value) as value,
      vessel_activity.iso_instant(p_alert.since) as since,
      vessel_activity.iso_instant(p_alert.raised_at) as "raisedAt",
      vessel_activity.iso_instant(p_alert.cleared_at) as "clearedAt",
      p_alert.text as text
  ) as d
$$;

comment on function vessel_activity.alert_json(vessel_activity.alert) is
  'An alert as JSON: {name, area, figure, comparison, threshold, usualLow, usualHigh, value, since, raisedAt, clearedAt, text}.';
