-- Computes the document, stores it, and keeps its types and cells once an hour. The caller holds the refresh lock, and catches errors: see
-- try_details.
-- On a combining database the figures of areas are stored once every member has counted in the same areas. Until then, the last ones
-- stay.
create or replace function vessel_activity.refresh_details(p_as_of timestamptz, p_from_state boolean, p_asked json default null)
returns vessel_activity.area_figures[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_past record;
  v_since timestamptz;
  v_counts record;
  v_others vessel_activity.area_count[] := '{}';
  v_own vessel_activity.area_figures[];
  v_body json;
begin
  v_past := vessel_activity.keep_areas(p_as_of, p_from_state, p_asked);
  v_counts := vessel_activity.count_reports(
    p_as_of, p_from_state, v_past.since, v_past.sets, case when p_asked is null then 5 end);
  v_since := coalesce(v_past.since, (p_asked ->> 'since')::timestamptz, p_as_of - interval '1 hour');
  if not p_from_state then
    v_counts.areas := array(select c from vessel_activity.area_counts_at(p_as_of, v_since, case when p_asked is null then 5 end) as c);
  end if;
  v_own := array(select f from vessel_activity.areas_of_counts(p_as_of, v_since, v_counts.areas) as f);
  if p_asked is null and not vessel_activity.has_members() then
    perform vessel_activity.store_areas(p_as_of, v_own);
  elsif p_asked is not null then -- else the first area was put a moment ago
    v_others := vessel_activity.member_area_counts(p_as_of, p_asked);
    if v_others is not null then
      perform vessel_activity.store_areas(
        p_as_of, array(select f from vessel_activity.areas_of_counts(p_as_of, v_since, v_counts.areas, v_others) as f));
    end if;
  end if;
  perform vessel_activity.keep_usual_cells(p_as_of);
  v_body := vessel_activity.activity_json(p_as_of, p_from_state, v_counts.pairs);
  insert into vessel_activity.activity as a (as_of, body)
  values (p_as_of, v_body)
  on conflict (only_row) do update set as_of = excluded.as_of, body = excluded.body;
  perform vessel_activity.record_types(p_as_of, v_body);
  perform vessel_activity.record_cells(p_as_of, p_from_state);
  return v_own;
end
$$;

comment on function vessel_activity.refresh_details(timestamptz, boolean, json) is
  'Stores the document of GET /api/database/vessel-activity as of p_as_of, and returns the figures of areas of this database alone. p_from_state: from the state, which must be as of p_as_of; else by the definition. p_asked: what members were asked of areas, see vessel_activity.areas_question().';
