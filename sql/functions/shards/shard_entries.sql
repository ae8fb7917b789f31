-- Takes the entries of followed_shards() apart. BEGIN ATOMIC instead of a pinned search_path, so that PostgreSQL can inline it.
create or replace function vessel_activity.shard_entries(p_shards text[])
returns table (source text, node_group text, shard text)
language sql stable
begin atomic
  select split_part(e.entry, ' ', 1), split_part(e.entry, ' ', 2), substring(e.entry from '^\S+ \S+ (.*)$')
  from unnest(p_shards) as e (entry);
end;

comment on function vessel_activity.shard_entries(text[]) is
  'The parts of each entry of vessel_activity.followed_shards(): source table, number of the group of nodes, and qualified name of the shard.';
