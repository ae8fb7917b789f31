-- Which vessels are in which areas at an instant, by the definition. Ids as text, whatever their type is.
create or replace function vessel_activity.area_members(p_as_of timestamptz, out vessel_ids text[], out areas integer[])
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off
set jit = off
as $$
begin
  execute format(
    'select coalesce(array_agg(m.vessel_id::text), ''{}''), coalesce(array_agg(m.area), ''{}'') from (%s) as m',
    vessel_activity.members_query('select * from vessel_activity.last_reports_at($1)', false))
  into vessel_ids, areas
  using p_as_of;
end
$$;

comment on function vessel_activity.area_members(timestamptz) is
  'The vessels (ids as text) that are in areas as of p_as_of, and in the same order the areas, by the definition.';
