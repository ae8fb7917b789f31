-- What can't be computed from the parts of members yet is refused: computed from this database alone it would be wrong.
create or replace function vessel_activity.refuse_members(p_what text)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from vessel_activity.member) then
    raise exception using
      errcode = 'feature_not_supported',
      message = format('%s is not possible on a database with members yet', p_what),
      hint = 'Ask the members themselves: select name from vessel_activity.member.';
  end if;
end
$$;

comment on function vessel_activity.refuse_members(text) is
  'Raises feature_not_supported if this database has members. p_what: what is not possible, as the beginning of a sentence.';
