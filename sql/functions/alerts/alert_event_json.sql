-- The body of a delivery, and the payload of a notification. Chat tools show "text".
create or replace function vessel_activity.alert_event_json(p_alert_id bigint, p_event text)
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select row_to_json(d)
  from (
    select e.text, e.key as id, e.event, vessel_activity.alert_json(a) as alert
    from vessel_activity.alert_event as e
    join vessel_activity.alert as a on a.id = e.alert_id
    where e.alert_id = p_alert_id and e.event = p_event
  ) as d
$$;

comment on function vessel_activity.alert_event_json(bigint, text) is
  'An event as JSON: {text, id, event, alert}. id is the same in each attempt to deliver it. alert: see alert_json().';
