-- Says in a part which relations it covers, so that whoever adds parts up can tell that none is missing.
create or replace function vessel_activity.source_names()
returns text[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when vessel_activity.followed_shards() is null then
      array(select r.relation::regclass::text from vessel_activity.source_roots() as r order by r.relation::regclass::text collate "C")
    else array(
      select concat_ws(' ', e.shard, e.node_group)
      from vessel_activity.shard_entries(vessel_activity.followed_shards()) as e
      order by e.shard collate "C"
    )
  end
$$;

comment on function vessel_activity.source_names() is
  'The names of the relations that hold the rows of the source tables on this node, sorted. After the name of a shard of Citus comes the number of the group of nodes that has it.';
