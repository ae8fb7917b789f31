-- The work between refreshes on the nodes of Citus that follow their shards: nothing else runs there. A node that does not answer has to
-- wait for the next call; refreshes say what is wrong with it.
create or replace function vessel_activity.tend_nodes()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_query constant text := 'select vessel_activity.member_maintain()';
  v_names constant text[] := array(select m.name from vessel_activity.member as m where m.has_shards order by m.name);
begin
  if v_names <> '{}' then
    perform vessel_activity.receive_from_members(
      vessel_activity.send_to_members(v_query, v_names), v_query, (select s.member_timeout from vessel_activity.settings as s));
  end if;
end
$$;

comment on function vessel_activity.tend_nodes() is
  'Lets the members that follow shards of Citus do what maintain() does.';
