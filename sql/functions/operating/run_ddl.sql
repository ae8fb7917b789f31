-- Runs a command that changes the catalog, with the search_path that its role has by default. Event triggers of the user run
-- within the command, and an audit trigger may insert into a table whose name it does not qualify. With the pinned search_path
-- of the functions of vessel activity such a trigger would fail, and so would the command.
-- If another role called, the command runs with the rights of the owner (SECURITY DEFINER). Then the search_path of the session
-- is not used: with it, the caller could put tables and functions of its own in the way of an event trigger.
-- Every name in p_ddl must be qualified.
-- Raises triggered_action_exception (09000) if an event trigger fails, and otherwise the error of the command.
create or replace function vessel_activity.run_ddl(p_ddl text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_path text;
  v_message text;
  v_context text;
  v_trigger record;
begin
  select case when session_user = current_user then s.reset_val else coalesce(
    (
      select substring(c.item from '^search_path=(.*)$')
      from pg_db_role_setting as o
      cross join unnest(o.setconfig) as c (item)
      where o.setdatabase in (0, (select d.oid from pg_database as d where d.datname = current_database()))
        and o.setrole in (0, (select r.oid from pg_roles as r where r.rolname = current_user))
        and c.item like 'search_path=%'
      order by o.setrole = 0, o.setdatabase = 0
      limit 1
    ), s.boot_val) end
  into v_path
  from pg_settings as s
  where s.name = 'search_path';
  perform set_config('search_path', case when v_path ~ 'pg_catalog' then 'pg_catalog, ' else '' end || v_path, true);
  execute p_ddl;
  perform set_config('search_path', 'pg_catalog, pg_temp', true);
exception when others then
  -- The roll-back of the block has set the search_path back.
  get stacked diagnostics v_message = message_text, v_context = pg_exception_context;
  select e.evtname as name, e.evtfoid::regprocedure as function
  into v_trigger
  from pg_event_trigger as e
  join pg_proc as p on p.oid = e.evtfoid
  where e.evtenabled <> 'D' and position(p.proname || '(' in v_context) > 0
  order by e.evtname
  limit 1;
  if v_trigger.name is null then
    raise;
  end if;
  raise exception using
    errcode = 'triggered_action_exception',
    message = format('the event trigger %I failed in the function %s: %s', v_trigger.name, v_trigger.function, v_message),
    detail = format('The command was: %s', left(p_ddl, 1000)),
    hint = format('Run alter event trigger %I disable meanwhile, or correct the function: a name in it may lack its schema.', v_trigger.name);
end
$$;

comment on function vessel_activity.run_ddl(text) is
  'Runs a command that changes the catalog, with the default search_path of its role, so that event triggers find their tables. If an event trigger fails, the error names it.';
