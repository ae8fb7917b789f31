-- Whatever is computed from the last reports has one text, which reads them either from the state or by the definition. This is the
-- part of the text that differs. $1: the instant. $3: 24 hours before it, as a parameter of its own, since the expression would be
-- computed again for every row.
create or replace function vessel_activity.reports_query(p_from_state boolean)
returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_from_state
      then 'select s.vessel_id, s.seen_at, s.latitude, s.longitude, s.speed, s.arrived_at from vessel_activity.last_report as s where s.seen_at >= $3'
    else 'select d.vessel_id, d.seen_at, d.latitude, d.longitude, d.speed, d.arrived_at from vessel_activity.last_reports_at($1) as d'
  end
$$;

comment on function vessel_activity.reports_query(boolean) is
  'Text of a query for the last report of each vessel in the 24 hours up to $1, with the columns of last_report: from the state (p_from_state) or by the definition. $3: 24 hours before $1.';
