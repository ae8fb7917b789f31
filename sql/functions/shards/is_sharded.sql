-- Says whether Citus keeps the rows of a source table in shards, on this server or on others. Then the table here may be empty,
-- and its triggers see no changes. Distributed tables, reference tables and tables that Citus manages locally all carry a trigger
-- that runs citus_truncate_trigger(). Without the extension there are no shards, whatever the trigger is called.
-- A view of such a table counts too: Citus computes a query of it on the nodes, which lack the functions of vessel activity.
create or replace function vessel_activity.is_sharded(p_source text)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select to_regclass('pg_catalog.pg_dist_shard') is not null and exists (
    select from vessel_activity.relations_read(p_source) as r
    join pg_trigger as t on t.tgrelid = r.relation
    join pg_proc as p on p.oid = t.tgfoid
    where p.proname = 'citus_truncate_trigger'
  )
$$;

comment on function vessel_activity.is_sharded(text) is
  'Whether Citus keeps the rows of the source table in shards, or those of a table of which it is a view. p_source: vessels or vessel_positions.';
