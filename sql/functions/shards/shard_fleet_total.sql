-- Adds the answers to shard_fleet_question() up on each node.
create or replace function vessel_activity.shard_fleet_total()
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select 'select r.type_name, r.flag_name, sum(r.vessels) as vessels from {rows} as r group by r.type_name, r.flag_name'
$$;

comment on function vessel_activity.shard_fleet_total() is
  'Text of a query over {rows}, the answers of several shards to shard_fleet_question(): the sums.';
