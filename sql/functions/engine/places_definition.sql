-- What the figures of areas and the dark cells are by their definitions, to verify those that a refresh keeps. fold_inbox calls it
-- in its own statement, so it reads with the snapshot with which the inbox was emptied. Entered and departed compare with the
-- instant with which keep_areas() is going to compare.
-- The figures must not depend on the areas: an error is raised as a warning, and nothing is compared then.
create or replace function vessel_activity.places_definition(p_as_of timestamptz)
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_revision bigint;
  v_since timestamptz;
begin
  select r.revision into v_revision from vessel_activity.area_revision as r;
  select coalesce(max(p.as_of), p_as_of - interval '1 hour') into v_since
  from vessel_activity.area_past as p
  where p.as_of <= p_as_of - interval '1 hour' and p.as_of > p_as_of - interval '65 minutes' and p.revision = v_revision;
  return json_build_object(
    'revision', v_revision,
    'since', v_since,
    'areas', vessel_activity.areas_digest(array(
      select f
      from vessel_activity.areas_of_counts(p_as_of, v_since, array(
        select c from vessel_activity.area_counts_at(p_as_of, v_since) as c)) as f)),
    'dark_cells', (
    select vessel_activity.cells_digest(array_agg(c.cell), array_agg(c.vessels), array_agg(c.usual))
    from vessel_activity.dark_cells_at(p_as_of) as c));
exception when others then
  raise warning using
    message = format('the areas can''t be verified: %s', sqlerrm),
    hint = 'The figures are not affected. Run select * from vessel_activity.areas_at(now()) to see the error.';
  return null;
end
$$;

comment on function vessel_activity.places_definition(timestamptz) is
  'The figures of areas and the dark cells as of p_as_of by their definitions, as digests: revision (of the areas), since (with which instant entered and departed compare), areas and dark_cells. NULL if they can not be computed.';
