-- Adds a database whose part is added to that of this one. The address becomes a foreign server, and user and password a user
-- mapping of the owner of vessel activity, where PostgreSQL hides them from other roles. No table, log line or error of vessel
-- activity has the password. But the caller's statement has it: PostgreSQL logs that if log_statement says so. So the password
-- can be left out here, and put into the user mapping in another way: see docs/scaling.md.
-- The member is asked once, by the definition, so that a wrong address or a missing right is told at once.
-- Raises invalid_parameter_value (22023) for a name or address that is none, duplicate_object (42710) if there is a member of
-- that name, connection_exception (08000) if it does not answer, and the errors of dblink_schema.
create or replace function vessel_activity.member_add(p_name text, p_address text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_server constant text := vessel_activity.member_server(p_name);
  v_options jsonb;
  v_query constant text := 'select vessel_activity.member_definition(pg_catalog.now())';
  v_reply vessel_activity.member_reply;
  v_failed text;
begin
  if p_name is null or p_name !~ '^[a-z][a-z0-9_]{0,29}$' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('%L can''t be the name of a member', p_name),
      hint = 'Use up to 30 small letters, digits and underscores, the first a letter.';
  end if;
  if exists (select from vessel_activity.member as m where m.name = p_name) then
    raise exception using
      errcode = 'duplicate_object',
      message = format('there is a member %s already', p_name),
      hint = format('To change its address, run select public.vessel_activity_member_remove(%L::text) first.', p_name);
  end if;
  perform vessel_activity.dblink_schema();
  v_options := vessel_activity.address_options(p_address);

  -- Not by run_ddl, whose errors quote the command. The error of a command that fails is raised without its text.
  begin
    execute format('create server %I foreign data wrapper dblink_fdw options (%s)', v_server, (
      select string_agg(format('%I %L', o.key, o.value), ', ' order by o.key)
      from jsonb_each_text(jsonb_build_object('connect_timeout', '2', 'application_name', 'vessel_activity combiner') || v_options) as o
      where o.key not in ('user', 'password', 'sslpassword')));
    execute format('create user mapping for current_user server %I options (%s)', v_server, (
      select coalesce(string_agg(format('%I %L', o.key, o.value), ', ' order by o.key), '')
      from jsonb_each_text(v_options) as o where o.key in ('user', 'password', 'sslpassword')));
  exception when others then
    v_failed := sqlerrm;
  end;
  if v_failed is not null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('member %s can''t be added: %s', p_name, v_failed),
      hint = 'Correct the address. The owner of vessel activity needs the right: grant usage on foreign data wrapper dblink_fdw to its name.';
  end if;
  insert into vessel_activity.member (name) values (p_name);

  v_reply.name := p_name;
  begin
    v_reply.connection := vessel_activity.member_connection(p_name);
    perform vessel_activity.send_to_member(p_name, v_reply.connection, v_query);
    v_reply := (vessel_activity.receive_from_members(array[v_reply], v_query, interval '10 minutes'))[1];
  exception when others then
    get stacked diagnostics v_failed = pg_exception_detail;
    v_reply.error := concat_ws(': ', sqlerrm, nullif(regexp_replace(btrim(v_failed), '\s+', ' ', 'g'), ''));
  end;
  if v_reply.error is null and v_reply.answer ->> 'node' = vessel_activity.node_id() then
    v_reply.error := 'it is this database itself';
  end if;
  if v_reply.error is not null then
    raise exception using
      errcode = 'connection_exception',
      message = format('member %s was not added: %s', p_name, v_reply.error),
      hint = 'Look whether the address is right, and whether the role has its right there: select public.vessel_activity_grant(''role''::text, ''combiner''::text).';
  end if;
  if (v_reply.answer ->> 'has_shards')::boolean and vessel_activity.is_sharded('vessel_positions') then
    update vessel_activity.member as m set has_shards = true where m.name = p_name;
    if vessel_activity.try_refresh_lock() then -- else the next refresh does it
      perform vessel_activity.follow_shards();
    end if;
  end if;
end
$$;

comment on function vessel_activity.member_add(text, text) is
  'Adds a member: its name, and its address as a URI or as keywords and values. See public.vessel_activity_member_add().';
