-- Which vessels are in which areas at an instant, by their last positions. Ids as text, whatever their type is.
create or replace function vessel_activity.area_members(
  p_as_of timestamptz,
  p_from_state boolean,
  out vessel_ids text[],
  out areas integer[]
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off
set jit = off
as $$
begin
  execute format(
    'select coalesce(array_agg(m.vessel_id::text), ''{}''), coalesce(array_agg(m.area), ''{}'') from (%s) as m',
    vessel_activity.members_query(vessel_activity.reports_query(p_from_state), p_from_state))
  into vessel_ids, areas
  using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours';
end
$$;

comment on function vessel_activity.area_members(timestamptz, boolean) is
  'The vessels (ids as text) that are in areas as of p_as_of, and in the same order the areas. p_from_state: from last_report and the cells, not by the definition.';
