-- The definition of what this database adds to the figures of areas, for any instant. It reads the source tables and the shapes, and no
-- state. Shapes have no past: the areas are those of the present, also for an earlier instant.
create or replace function vessel_activity.area_counts_at(p_as_of timestamptz, p_since timestamptz, p_max_types integer default 5)
returns setof vessel_activity.area_count
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_past record;
begin
  if not exists (select from vessel_activity.known_areas()) then
    return;
  end if;
  v_past := vessel_activity.area_members(p_since);
  return query
    select c.*
    from vessel_activity.count_areas(p_as_of, p_since, v_past.vessel_ids, v_past.areas, p_max_types) as c;
end
$$;

comment on function vessel_activity.area_counts_at(timestamptz, timestamptz, integer) is
  'The counts of each area as of p_as_of, computed from the source tables and the shapes alone. p_since: with which instant entered and departed compare. p_max_types: how many types of an area are named.';
