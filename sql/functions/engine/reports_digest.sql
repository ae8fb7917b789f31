-- A digest of the last reports, to compare the state with the definition. Its order does not matter, so nothing is sorted.
-- arrived_at means something only within the last hour.
create or replace function vessel_activity.reports_digest(p_as_of timestamptz, p_from_state boolean)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_digest text;
begin
  execute format(
    $query$
      select concat_ws(' ', count(*), sum(hashtextextended(concat_ws('|',
        r.vessel_id, extract(epoch from r.seen_at), r.latitude, r.longitude, coalesce(r.speed::text, ''),
        extract(epoch from case when r.arrived_at >= $2 then r.arrived_at end)), 0)::numeric))
      from (%s) as r
    $query$,
    vessel_activity.reports_query(p_from_state))
  into v_digest
  using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours';
  return v_digest;
end
$$;

comment on function vessel_activity.reports_digest(timestamptz, boolean) is
  'Number and digest of the last reports as of p_as_of, from last_report (p_from_state) or by the definition. Equal digests: equal reports.';
