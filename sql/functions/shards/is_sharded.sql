-- Says whether Citus keeps the rows of a source table in shards, on this server or on others. Then the table here may be empty,
-- and its triggers see no changes. Distributed tables, reference tables and tables that Citus manages locally all carry a trigger
-- that runs citus_truncate_trigger(). Without the extension there are no shards, whatever the trigger is called.
create or replace function vessel_activity.is_sharded(p_source text)
returns boolean
language sql stable
begin atomic
  select to_regclass('pg_catalog.pg_dist_shard') is not null and exists (
    select from pg_trigger as t
    join pg_proc as p on p.oid = t.tgfoid
    where t.tgrelid = to_regclass('public.' || p_source) and p.proname = 'citus_truncate_trigger'
  );
end;

comment on function vessel_activity.is_sharded(text) is
  'Whether Citus keeps the rows of the source table in shards. p_source: vessels or vessel_positions.';
