-- The role that public.vessel_activity_grant() and public.vessel_activity_revoke() work on.
-- Raises undefined_object (42704) for an unknown role, also for PUBLIC: rights for everybody are not given. Raises
-- invalid_parameter_value (22023) for an unknown purpose, and invalid_grant_operation (0LP01) for the owner of vessel activity,
-- who has every right as the owner and must keep it: the functions run with the rights of the owner.
create or replace function vessel_activity.checked_grantee(p_role text, p_purpose text)
returns name
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_role record;
begin
  if vessel_activity.purpose_parts(p_purpose) is null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('unknown purpose %L', p_purpose),
      hint = 'Use reader, server, operator, feeder or combiner.';
  end if;
  select r.rolname, r.oid = n.nspowner as is_owner
  into v_role
  from pg_roles as r
  join pg_namespace as n on n.nspname = 'vessel_activity'
  where r.rolname = p_role;
  if v_role.rolname is null then
    raise exception using
      errcode = 'undefined_object',
      message = format('role %L does not exist', p_role),
      hint = case
        when lower(p_role) = 'public' then 'Name the roles one by one: vessel activity gives no rights to everybody.'
        else 'Create the role first, or correct the name: select rolname from pg_roles.'
      end;
  elsif v_role.is_owner then
    raise exception using
      errcode = 'invalid_grant_operation',
      message = format('%I owns vessel activity and has all rights on it', v_role.rolname),
      hint = 'Name another role.';
  end if;
  return v_role.rolname;
end
$$;

comment on function vessel_activity.checked_grantee(text, text) is
  'The role of that name. Raises an error if there is no such role, if it owns vessel activity, or if there is no such purpose.';
