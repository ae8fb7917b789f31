-- What /metrics tells of the alerts.
create or replace function vessel_activity.alert_measures()
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select json_build_object(
    'open', (
      select json_object_agg(r.name, r.is_open)
      from (
        select w.name, exists (select from vessel_activity.alert as a where a.name = w.name and a.cleared_at is null) as is_open
        from vessel_activity.watch as w
        order by w.name
        limit 200
      ) as r
    ),
    'can_evaluate', g.error is null,
    'delivered', g.delivered,
    'failed', g.failed,
    'given_up', g.given_up,
    'waiting', (select count(*) from vessel_activity.alert_event as e where e.settled_at is null)
  )
  from vessel_activity.watching as g
$$;

comment on function vessel_activity.alert_measures() is
  'What /metrics tells of the alerts, as JSON: open (for each rule whether an alert is open, of 200 rules at most), can_evaluate, and how many events were delivered and given up, attempts failed, and events wait.';
