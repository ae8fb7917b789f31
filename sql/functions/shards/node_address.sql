-- The address of a node of Citus, for messages.
create or replace function vessel_activity.node_address(p_group integer)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_address text;
begin
  execute $query$
    select n.nodename || ':' || n.nodeport from pg_dist_node as n where n.groupid = $1 order by n.noderole <> 'primary', n.nodeid limit 1
  $query$ into v_address using p_group;
  return coalesce(v_address, 'an unknown node');
end
$$;

comment on function vessel_activity.node_address(integer) is
  'Host and port of the node of Citus with that group.';
