-- The vessels in shards, for queries that join them with local tables and functions: Citus plans no such joins.
-- The values come as text.
create or replace function vessel_activity.shard_vessels()
returns table (id text, is_active boolean, type_name text, flag_name text, mmsi text, name text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select r.*
  from vessel_activity.ask_shards(
    array['vessels'],
    array['select v.id::text as id, v.active as is_active, v."vesselType"::text as type_name, v.flag::text as flag_name, '
      'v.mmsi::text as mmsi, v.name::text as name from {shard} as v where v.id is not null']
  ) as a
  cross join lateral json_to_record(a.answer) as r (
    id text, is_active boolean, type_name text, flag_name text, mmsi text, name text);
end
$$;

comment on function vessel_activity.shard_vessels() is
  'The vessels, if Citus keeps them in shards. id as text.';
