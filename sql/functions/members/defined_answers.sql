-- What members tell by the definition, for the definition of the row on a combining database.
-- Raises connection_exception (08000) if a member is missing: the definition is of all members, whatever refreshes may leave out.
create or replace function vessel_activity.defined_answers(p_as_of timestamptz, p_with_vessels boolean)
returns json[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not vessel_activity.has_members() then
    return '{}';
  end if;
  return array(
    select r.answer
    from unnest(vessel_activity.ask_members(
      format('select vessel_activity.member_definition(%L::timestamptz, %L::boolean)', p_as_of, p_with_vessels), interval '10 minutes',
      false)) as r
    order by r.name collate "C"
  );
end
$$;

comment on function vessel_activity.defined_answers(timestamptz, boolean) is
  'The answers of all members to vessel_activity.member_definition(), by their names; empty if there are no members. Raises connection_exception if one does not answer.';
