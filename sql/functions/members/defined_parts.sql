-- The parts of the members by the definition, for the definition of the row on a combining database.
-- Raises connection_exception (08000) if a member is missing: the definition is of all members, whatever refreshes may leave out.
create or replace function vessel_activity.defined_parts(p_as_of timestamptz)
returns vessel_activity.part[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from vessel_activity.member) then
    return '{}';
  end if;
  return array(
    select json_populate_record(null::vessel_activity.part, r.answer -> 'part')
    from unnest(vessel_activity.ask_members(
      format('select vessel_activity.member_definition(%L::timestamptz)', p_as_of), interval '10 minutes', false)) as r
    order by r.name
  );
end
$$;

comment on function vessel_activity.defined_parts(timestamptz) is
  'The parts of all members as of p_as_of by the definition; empty if there are no members. Raises connection_exception if one does not answer.';
