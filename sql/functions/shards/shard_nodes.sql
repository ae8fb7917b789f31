-- The nodes of Citus on which a migrate of the coordinator installs vessel activity, so that they follow their shards.
-- None on any other node, and none if the shards can't be followed.
create or replace function vessel_activity.shard_nodes()
returns table (host text, port integer)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass('pg_catalog.pg_dist_local_group') is null or not vessel_activity.is_coordinator() or vessel_activity.unfollowed_reason() is not null then
    return;
  end if;
  return query execute $query$
    select n.nodename::text, n.nodeport
    from pg_dist_node as n
    where n.groupid > 0 and n.noderole = 'primary' and n.isactive and n.hasmetadata
    order by n.groupid
  $query$;
end
$$;

comment on function vessel_activity.shard_nodes() is
  'Host and port of the other nodes of Citus that can follow their shards, if this is the coordinator.';
