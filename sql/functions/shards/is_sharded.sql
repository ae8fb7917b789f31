-- Says whether Citus keeps the rows of a source table in shards, on this server or on others. Then the table here may be empty,
-- and its triggers see no changes. Distributed tables, reference tables and tables that Citus manages locally all carry a trigger
-- that runs citus_truncate_trigger(). Without the extension there are no shards, whatever the trigger is called.
-- A view of such a table counts too: Citus computes a query of it on the nodes, which lack the functions of vessel activity.
create or replace function vessel_activity.is_sharded(p_source text)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive relation (id) as (
    select c.oid from pg_class as c where c.oid = to_regclass(vessel_activity.actual_table(p_source))
    union
    select d.refobjid
    from relation as v
    join pg_rewrite as w on w.ev_class = v.id
    join pg_class as c on c.oid = v.id and c.relkind = 'v'
    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
  )
  select to_regclass('pg_catalog.pg_dist_shard') is not null and exists (
    select from relation as r
    join pg_trigger as t on t.tgrelid = r.id
    join pg_proc as p on p.oid = t.tgfoid
    where p.proname = 'citus_truncate_trigger'
  )
$$;

comment on function vessel_activity.is_sharded(text) is
  'Whether Citus keeps the rows of the source table in shards, or those of a table of which it is a view. p_source: vessels or vessel_positions.';
