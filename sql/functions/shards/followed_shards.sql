-- Which shards this node follows: those of the source tables that Citus has put here. Their triggers note changes into the inboxes of
-- this node, and its figures are of these shards alone.
-- NULL says that the node follows none: the source tables themselves hold the rows, or all shards are asked (ask_shards). An empty
-- array says that it follows its shards, and has none now.
-- This file has the NULL of a database without shards. follow_shards() replaces the function by one that lists them. It is
-- declared immutable, so that PostgreSQL computes it while it plans. A replaced function makes sessions plan anew.
create or replace function vessel_activity.followed_shards()
returns text[]
language sql immutable parallel safe
return null::pg_catalog.text[];

comment on function vessel_activity.followed_shards() is
  'The shards of the source tables that this node follows: source table, number of the placement and qualified name, each with a blank between. NULL if it follows none. vessel_activity.follow_shards() changes the function.';
