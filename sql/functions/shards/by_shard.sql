-- Asks each shard of this node apart from the others, for queries that look up every vessel: a vessel is in one shard only, and to
-- look it up in all of them would take as many probes.
create or replace function vessel_activity.by_shard(p_query text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (
      select string_agg(
        '(' || replace(p_query, vessel_activity.actual_rows('vessel_positions'), '(select * from ' || vessel_activity.safe_name(e.shard) || ')') || ')',
        ' union all ' order by e.shard collate "C")
      from vessel_activity.shard_entries(vessel_activity.followed_shards()) as e
      where e.source = 'vessel_positions'
    ),
    p_query)
$$;

comment on function vessel_activity.by_shard(text) is
  'Text of a query that gives the rows of p_query for each shard of positions on this node; p_query itself if the node follows no shards.';
