-- The counts of areas of a combining database by the definition: its areas_at() adds these up.
-- Raises object_not_in_prerequisite_state (55000) if this database does not have its areas as they are.
create or replace function vessel_activity.member_areas_at(p_asked json, p_as_of timestamptz)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from vessel_activity.area_asker as k where k.combiner = p_asked ->> 'combiner' and k.key = p_asked ->> 'key') then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'this member does not have all areas yet',
      hint = 'Wait for the next document: the refresh that writes it sends the areas.';
  end if;
  return vessel_activity.asked_counts(p_asked ->> 'combiner', array(
    select c from vessel_activity.area_counts_at(p_as_of, (p_asked ->> 'since')::timestamptz, null) as c));
end
$$;

comment on function vessel_activity.member_areas_at(json, timestamptz) is
  'Tells a combining database the counts of its areas as of p_as_of, computed from the source tables and the shapes alone. p_asked: see vessel_activity.areas_question().';
