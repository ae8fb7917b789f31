-- In which areas the vessels were at an earlier instant, by the definition, in the form of area_past.sets. Vessels that are not in
-- last_report have not been heard since, so they are of no interest.
create or replace function vessel_activity.past_sets(p_as_of timestamptz)
returns integer[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_members constant record := vessel_activity.area_members(p_as_of);
  v_numbers integer[];
  v_areas integer[];
  v_count constant integer := (select max(r.number) from vessel_activity.last_report as r);
begin
  select array_agg(r.number), array_agg(m.area)
  into v_numbers, v_areas
  from unnest(v_members.vessel_ids, v_members.areas) as m (id, area)
  join vessel_activity.last_report as r on r.vessel_id::text = m.id
  where r.number is not null;
  return vessel_activity.sets_of_members(v_numbers, v_areas, v_count);
end
$$;

comment on function vessel_activity.past_sets(timestamptz) is
  'area_set.id of the areas of each vessel as of p_as_of, 0 for none, in the order of last_report.number, by the definition.';
