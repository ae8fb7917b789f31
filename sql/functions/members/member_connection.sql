-- Names the connections to a member after the row versions of its foreign server and user mapping. So a session that has a
-- connection to an address that was changed since opens another one, and never takes the old database for the member.
-- Raises undefined_object (42704) if the foreign server was dropped.
create or replace function vessel_activity.member_connection(p_name text)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_connection text;
begin
  select concat_ws(' ', 'vessel_activity', s.oid, s.xmin, u.umid) into v_connection
  from pg_foreign_server as s
  left join pg_user_mappings as u on u.srvid = s.oid and u.usename = current_user
  where s.srvname = vessel_activity.member_server(p_name);
  if v_connection is null then
    raise exception using
      errcode = 'undefined_object',
      message = format('its foreign server %s does not exist', vessel_activity.member_server(p_name)),
      hint = format('Run select public.vessel_activity_member_remove(%L::text), and add the member again.', p_name);
  end if;
  return v_connection;
end
$$;

comment on function vessel_activity.member_connection(text) is
  'Name of the connection to a member at its present address.';
