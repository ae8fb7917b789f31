-- What members have counted in areas for the document of an instant.
create or replace function vessel_activity.member_area_counts(p_as_of timestamptz, p_asked json)
returns vessel_activity.area_count[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The areas may have changed since the members were asked, and a member may not have got a shape yet.
  if vessel_activity.areas_key() <> p_asked ->> 'key' or exists (
    select from vessel_activity.member_state as s
    where s.as_of = p_as_of and s.answer is not null and s.answer #>> '{areas,key}' is distinct from p_asked ->> 'key') then
    return null;
  end if;
  return array(
    select c
    from vessel_activity.member_state as s
    cross join lateral json_populate_recordset(null::vessel_activity.area_count, s.answer #> '{areas,counts}') as c
    where s.as_of = p_as_of and s.answer is not null
  );
end
$$;

comment on function vessel_activity.member_area_counts(timestamptz, json) is
  'What the members that answered have counted in areas for the document as of p_as_of. p_asked: what they were asked, see vessel_activity.areas_question(). NULL if one of them has other areas.';
