-- The counts of areas of the members by the definition, for the definition on a combining database.
-- Raises connection_exception (08000) if a member is missing: see defined_parts.
create or replace function vessel_activity.defined_area_counts(p_as_of timestamptz, p_since timestamptz)
returns vessel_activity.area_count[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not vessel_activity.has_members() or not exists (select from public.vessel_activity_area) then
    return '{}';
  end if;
  return array(
    select c
    from unnest(vessel_activity.ask_members(
      format('select vessel_activity.member_areas_at(%L::json, %L::timestamptz)',
        json_build_object('combiner', vessel_activity.combiner_id(), 'key', vessel_activity.areas_key(), 'since', p_since), p_as_of),
      interval '10 minutes', false)) as r
    cross join lateral json_populate_recordset(null::vessel_activity.area_count, r.answer) as c
  );
end
$$;

comment on function vessel_activity.defined_area_counts(timestamptz, timestamptz) is
  'The counts of areas of all members as of p_as_of by the definition, compared with p_since; empty if there are no members or no areas. Raises connection_exception if a member does not answer.';
