-- Computes the document, stores it, and keeps its types and cells once an hour. The caller holds the refresh lock, and catches errors: see
-- try_details.
create or replace function vessel_activity.refresh_details(p_as_of timestamptz, p_from_state boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_past record;
  v_counts record;
  v_body json;
begin
  v_past := vessel_activity.keep_areas(p_as_of, p_from_state);
  v_counts := vessel_activity.count_reports(p_as_of, p_from_state, v_past.since, v_past.sets);
  perform vessel_activity.store_areas(
    p_as_of, case when p_from_state then v_counts.areas else array(select f from vessel_activity.areas_at(p_as_of) as f) end);
  perform vessel_activity.keep_usual_cells(p_as_of);
  v_body := vessel_activity.activity_json(p_as_of, p_from_state, v_counts.pairs);
  insert into vessel_activity.activity as a (as_of, body)
  values (p_as_of, v_body)
  on conflict (only_row) do update set as_of = excluded.as_of, body = excluded.body;
  perform vessel_activity.record_types(p_as_of, v_body);
  perform vessel_activity.record_cells(p_as_of, p_from_state);
end
$$;

comment on function vessel_activity.refresh_details(timestamptz, boolean) is
  'Stores the document of GET /api/database/vessel-activity as of p_as_of. p_from_state: from the state, which must be as of p_as_of; else by the definition.';
