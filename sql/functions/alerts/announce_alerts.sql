-- Tells listeners on the channel vessel_activity_alert of each event once. announce() calls it, in its own transaction.
create or replace function vessel_activity.announce_alerts()
returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  with unknown as (
    select e.alert_id, e.event
    from vessel_activity.alert_event as e
    where not e.is_announced
    order by e.alert_id, e.event desc
    limit 100
    for update skip locked
  ), told as (
    update vessel_activity.alert_event as e
    set is_announced = true
    from unknown as u
    where e.alert_id = u.alert_id and e.event = u.event
    returning e.alert_id, e.event
  )
  -- A payload may have 8,000 bytes. Names have 100 characters at most, and the rest is short.
  select count(pg_notify('vessel_activity_alert', vessel_activity.alert_event_json(t.alert_id, t.event)::text)) from told as t
$$;

comment on function vessel_activity.announce_alerts() is
  'Notifies channel vessel_activity_alert of the events that it has not been told of: the payload is that of alert_event_json(). Returns how many.';
