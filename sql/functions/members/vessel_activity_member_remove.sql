-- For people. The figures of the member leave the row with the next refresh; the history keeps what was.
-- Raises undefined_object (42704) if there is no such member.
create or replace function public.vessel_activity_member_remove(p_name text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from vessel_activity.member as m where m.name = p_name;
  if not found then
    raise exception using
      errcode = 'undefined_object',
      message = format('there is no member %L', p_name),
      hint = 'List the members: select name from vessel_activity.member.';
  end if;
  if vessel_activity.try_refresh_lock() then -- else the next refresh does it
    perform vessel_activity.follow_shards(); -- without nodes among the members all shards are asked again
  end if;
  -- What was usual in the cells of the map was that of the member too. Without it they would look dark for eight weeks.
  delete from vessel_activity.cell_history;
  delete from vessel_activity.cell_usual;
  perform vessel_activity.run_ddl(format('drop server if exists %I cascade', vessel_activity.member_server(p_name)));
end
$$;

comment on function public.vessel_activity_member_remove(text) is
  'Removes a member, with its address and password. Example: select public.vessel_activity_member_remove(''north''::text).';
