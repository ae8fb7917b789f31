-- The fleet in shards is counted by the names as they are. shard_fleet makes groups of them.
create or replace function vessel_activity.shard_fleet_question()
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select 'select v."vesselType"::text collate "C" as type_name, v.flag::text collate "C" as flag_name, count(*) as vessels '
    'from {shard} as v where v.active group by 1, 2'
$$;

comment on function vessel_activity.shard_fleet_question() is
  'Text of a query over {shard} of vessels: the fleet (active = true) by type_name and flag_name.';
