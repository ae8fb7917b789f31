-- Which shards this node follows: those of the source tables that Citus has put here. Their triggers note changes into the inboxes of
-- this node, and its figures are of these shards alone.
-- NULL says that the node follows none: the source tables themselves hold the rows, or all shards are asked (ask_shards). An empty
-- array says that it follows its shards, and has none now.
-- This file has the NULL of a database without shards. follow_shards() replaces the function by one that lists them. Then
-- sessions plan anew: PostgreSQL keeps note of functions that it inlines. It would not if this one were immutable.
create or replace function vessel_activity.followed_shards()
returns text[]
language sql stable parallel safe
return null::pg_catalog.text[];

comment on function vessel_activity.followed_shards() is
  'The shards of the source tables that this node follows: source table, number of the group of nodes and qualified name of the shard, with a blank between them. NULL if it follows none. vessel_activity.follow_shards() changes the function.';
