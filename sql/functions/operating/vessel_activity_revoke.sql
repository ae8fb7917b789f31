-- Takes back what public.vessel_activity_grant() gave. Rights on the source tables stay as they are.
-- A purpose that is a part of a greater one can't be taken back alone: the role would keep the right or lose more than was asked.
-- Raises the errors of checked_grantee, and invalid_grant_operation (0LP01) for a part of a greater purpose.
create or replace function public.vessel_activity_revoke(p_role text, p_purpose text default null)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_role constant name := vessel_activity.checked_grantee(p_role, coalesce(p_purpose, 'reader'));
  v_greater text;
begin
  select g.purpose into v_greater
  from vessel_activity.granted() as g
  where g.role = v_role and g.purpose <> p_purpose and p_purpose = any (vessel_activity.purpose_parts(g.purpose));
  if v_greater is not null then
    raise exception using
      errcode = 'invalid_grant_operation',
      message = format('%I has the purpose %s, which includes %s', v_role, v_greater, p_purpose),
      hint = format('Take back %1$s: select public.vessel_activity_revoke(%2$L, %1$L). Or grant a lesser purpose, which takes the rest back.', v_greater, v_role);
  end if;
  perform vessel_activity.give_rights(v_role, array(
    select g.purpose from vessel_activity.granted() as g where g.role = v_role and g.purpose <> p_purpose
  ));
end
$$;

comment on function public.vessel_activity_revoke(text, text) is
  'Takes the purpose back from p_role; without p_purpose, all rights on vessel activity. Rights on the source tables stay. Example: select public.vessel_activity_revoke(''dashboard'', ''reader'').';
