-- The vessels of the last 24 hours, to find those that two members have.
create or replace function vessel_activity.active_ids(p_as_of timestamptz, p_from_state boolean)
returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids text[];
begin
  execute format(
    'select coalesce(array_agg(vessel_activity.vessel_key(v.mmsi, r.vessel_id::text)), ''{}'') '
    'from (%s) as r left join (%s) as v on v.id = r.vessel_id',
    vessel_activity.reports_query(p_from_state), vessel_activity.vessels_query())
  into v_ids
  using p_as_of, null::timestamptz, p_as_of - interval '24 hours';
  return v_ids;
end
$$;

comment on function vessel_activity.active_ids(timestamptz, boolean) is
  'The keys (see vessel_activity.vessel_key()) of the vessels with a position in the 24 hours up to p_as_of. p_from_state: from last_report, not by the definition.';
