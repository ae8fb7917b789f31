-- The definition of the figures of areas, for any instant: of this database, and of all members if there are any. It reads the source
-- tables and the shapes, and no state.
-- Raises connection_exception (08000) if a member does not answer.
create or replace function vessel_activity.areas_at(p_as_of timestamptz, p_since timestamptz default null)
returns setof vessel_activity.area_figures
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_since constant timestamptz := coalesce(p_since, p_as_of - interval '1 hour');
begin
  return query
    select f.*
    from vessel_activity.areas_of_counts(
      p_as_of,
      v_since,
      array(
        select c from vessel_activity.area_counts_at(p_as_of, v_since, case when vessel_activity.has_members() then null else 5 end) as c),
      vessel_activity.defined_area_counts(p_as_of, v_since)) as f
    join public.vessel_activity_area as a on a.id = f.area;
end
$$;

comment on function vessel_activity.areas_at(timestamptz, timestamptz) is
  'The figures of each area as of p_as_of, computed from the source tables and the shapes alone: the definition. p_since: with which instant entered and departed compare, an hour before by default.';
