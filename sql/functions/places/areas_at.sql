-- The definition of the figures of areas, for any instant. It reads the source tables and the shapes, and no state.
-- Shapes have no past: the areas are those of the present, also for an earlier instant.
create or replace function vessel_activity.areas_at(p_as_of timestamptz, p_since timestamptz default null)
returns setof vessel_activity.area_figures
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_since constant timestamptz := coalesce(p_since, p_as_of - interval '1 hour');
  v_past record;
begin
  if not exists (select from public.vessel_activity_area) then
    return;
  end if;
  v_past := vessel_activity.area_members(v_since);
  return query
    select c.*
    from vessel_activity.count_areas(p_as_of, v_since, v_past.vessel_ids, v_past.areas) as c;
end
$$;

comment on function vessel_activity.areas_at(timestamptz, timestamptz) is
  'The figures of each area as of p_as_of, computed from the source tables and the shapes alone: the definition. p_since: with which instant entered and departed compare, an hour before by default.';
