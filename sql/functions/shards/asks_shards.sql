-- Whether the rows of a source table have to be asked for on other nodes, because Citus keeps them in shards that this node does not
-- follow.
create or replace function vessel_activity.asks_shards(p_source text)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.followed_shards() is null and vessel_activity.is_sharded(p_source)
$$;

comment on function vessel_activity.asks_shards(text) is
  'Whether vessel_activity.ask_shards() must be asked for the rows of a source table. p_source: vessels or vessel_positions.';
