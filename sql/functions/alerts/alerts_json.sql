-- The part "alerts" of the document. It is put in when the document is served, because alerts are also raised while no refresh
-- writes a document.
create or replace function vessel_activity.alerts_json()
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_to_json(array(
    select vessel_activity.alert_json(a)
    from vessel_activity.alert as a
    where a.cleared_at is null
    order by a.raised_at desc, a.id desc
    limit 100
  )), '[]')
$$;

comment on function vessel_activity.alerts_json() is
  'The open alerts as a JSON array of alert_json(), the newest first, 100 at most.';
