-- The shards of a source table that Citus manages, one row for each copy on a node.
-- The catalog of Citus is named only where a query is executed: it is not there without Citus.
create or replace function vessel_activity.all_shards(p_source text)
returns table (shard_id bigint, shard text, node_group integer, is_here boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- shard_name leaves the schema public out.
  return query execute $query$
    select s.shardid, case when c.relnamespace = 'public'::regnamespace then 'public.' else '' end || shard_name(s.logicalrelid, s.shardid),
      p.groupid, p.groupid = (select g.groupid from pg_dist_local_group as g)
    from pg_dist_shard as s
    join pg_class as c on c.oid = s.logicalrelid
    join pg_dist_placement as p on p.shardid = s.shardid and p.shardstate = 1
    where s.logicalrelid = $1
  $query$ using to_regclass(vessel_activity.actual_table(p_source));
end
$$;

comment on function vessel_activity.all_shards(text) is
  'The shards of a source table: number, qualified name, number of the group of nodes that has it, and whether that is this node. p_source: vessels or vessel_positions.';
