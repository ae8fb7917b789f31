-- The part members of the document: which members are in the figures. Empty where there are no members, and on a standby, which
-- can't read the unlogged table. Why a member is missing is not told here: the reason may name hosts and roles.
create or replace function vessel_activity.members_json()
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_is_in_recovery() then
    return '[]';
  end if;
  return (
    select coalesce('[' || string_agg(row_to_json(t)::text, ',' order by t.name) || ']', '[]')
    from (
      select m.name, s.error is not null as missing, s.error is not null and o.allow_missing_members as "leftOut", vessel_activity.iso_instant(s.answered_at) as "answeredAt"
      from vessel_activity.member as m
      cross join vessel_activity.settings as o
      left join vessel_activity.member_state as s on s.name = m.name
    ) as t
  );
end
$$;

comment on function vessel_activity.members_json() is
  'Part members of the document as JSON text: an array of {name, missing (did not answer to the last refresh), leftOut (missing, and the row is the sum of the others), answeredAt}.';
