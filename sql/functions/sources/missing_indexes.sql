-- The statements that a migrate has to run, in order and outside a transaction, so that the source table of positions has both
-- indexes that the figures need and each index that a migrate made has its comment. No statement keeps writers waiting: one
-- that needs such a lock for a moment goes through run_patiently().
-- A plain table gets its index by CREATE INDEX CONCURRENTLY, after an INVALID index that an earlier migrate left is dropped.
-- A partitioned table can't be indexed concurrently: each partition gets an index and is attached to an index on the parent,
-- which becomes valid with the last one. Views and foreign tables can have no index.
-- An index that a migrate made on a table that is no source table any more is dropped: its name may be needed.
-- A migrate that was killed may have left any part of this undone. Each statement is returned until its result is there.
create or replace function vessel_activity.missing_indexes()
returns table (index_name text, ddl text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive tree (relation, parent, depth) as (
    select c.oid, null::oid, 0
    from pg_class as c
    where c.oid = to_regclass(vessel_activity.actual_table('vessel_positions'))
    union all
    select i.inhrelid, t.relation, t.depth + 1
    from tree as t
    join pg_inherits as i on i.inhparent = t.relation and not i.inhdetachpending
    join pg_class as p on p.oid = t.relation and p.relkind = 'p'
  ),
  wanted as (
    select w.base_name, c.columns,
      exists (select from vessel_activity.source_indexes() as s where s.purpose = w.purpose) as is_served
    from (values
      ('time', 'vessel_activity_timestamp_idx', array['timestamp']),
      ('vessel', 'vessel_activity_vessel_timestamp_idx', array['vesselId', 'timestamp'])
    ) as w (purpose, base_name, names)
    cross join lateral (
      select string_agg(format('%I', vessel_activity.actual_column('vessel_positions', n.name)), ', ' order by n.ordinal) as columns
      from unnest(w.names) with ordinality as n (name, ordinal)
    ) as c
    where not exists (
      select from vessel_activity.virtual_columns() as v where v.source = 'vessel_positions' and v.column_name = any (w.names)
    )
  ),
  node as (
    select w.base_name, w.columns, w.is_served, t.relation, t.parent, t.depth, c.relkind, n.nspname,
      case when t.depth = 0 then w.base_name else w.base_name || '_' || t.relation end as name,
      case when t.depth > 1 then w.base_name || '_' || t.parent else w.base_name end as parent_name
    from wanted as w
    cross join tree as t
    join pg_class as c on c.oid = t.relation and c.relkind in ('r', 'p')
    join pg_namespace as n on n.oid = c.relnamespace
  ),
  found as (
    select n.*, i.indisvalid, exists (select from pg_inherits as h where h.inhrelid = c.oid) as is_attached,
      (select pn.nspname from pg_class as pc join pg_namespace as pn on pn.oid = pc.relnamespace where pc.oid = n.parent) as parent_schema,
      not n.is_served and vessel_activity.is_coordinator() and (i.indexrelid is null or n.relkind = 'r' and not i.indisvalid) as is_to_build,
      obj_description(i.indexrelid, 'pg_class') as comment, pg_has_role(c.relowner, 'usage') as is_owned,
      'Serves the figures of vessel activity. Made by vessel-activity migrate, removed by vessel-activity rollback.' as wanted_comment
    from node as n
    left join pg_class as c
      on c.relname = n.name and c.relnamespace = (select s.oid from pg_namespace as s where s.nspname = n.nspname) and c.relkind in ('i', 'I')
      and exists (select from pg_index as o where o.indexrelid = c.oid and o.indrelid = n.relation)
    left join pg_index as i on i.indexrelid = c.oid
  ),
  former as (
    select c.relname, n.nspname, c.relkind, i.indrelid
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_index as i on i.indexrelid = c.oid
    where c.relname in ('vessel_activity_timestamp_idx', 'vessel_activity_vessel_timestamp_idx') and c.relkind in ('i', 'I')
      and pg_has_role(c.relowner, 'usage')
      and i.indrelid not in (select t.relation from tree as t)
  ),
  step as (
    -- A migrate keeps its own objects off the other nodes of Citus. But an index on a table in shards belongs on every shard.
    select distinct f.base_name, s.phase, 0 as depth, 0::oid as relation, 'set citus.enable_ddl_propagation = ' || s.setting as ddl
    from found as f
    cross join (values (0, 'on'), (6, 'off')) as s (phase, setting)
    where f.is_to_build and vessel_activity.is_sharded('vessel_positions')
    union all
    select f.relname::text as base_name, 0 as phase, 0 as depth, f.indrelid as relation,
      case f.relkind
        when 'i' then format('drop index concurrently %I.%I', f.nspname, f.relname)
        else format('call vessel_activity.run_patiently(%L, %L)', format('drop index %I.%I', f.nspname, f.relname), f.indrelid::regclass)
      end as ddl
    from former as f
    union all
    select f.base_name, 1, f.depth, f.relation,
      format('call vessel_activity.run_patiently(%L, %L)',
        format('create index %I on only %s (%s)', f.name, f.relation::regclass, f.columns), f.relation::regclass)
    from found as f where f.is_to_build and f.relkind = 'p'
    union all
    select f.base_name, 2, 0, f.relation, format('drop index concurrently %I.%I', f.nspname, f.name)
    from found as f where f.is_to_build and f.relkind = 'r' and not f.indisvalid
    union all
    select f.base_name, 3, 0, f.relation,
      format('create index concurrently %I on %s (%s)', f.name, f.relation::regclass, f.columns)
    from found as f where f.is_to_build and f.relkind = 'r'
    union all
    select f.base_name, 4, - f.depth, f.relation,
      format('call vessel_activity.run_patiently(%L, %L)',
        format('alter index %I.%I attach partition %I.%I', f.parent_schema, f.parent_name, f.nspname, f.name), f.relation::regclass)
    from found as f where not f.is_served and f.depth > 0 and not f.is_attached
    union all
    select f.base_name, 5, f.depth, f.relation, format('comment on index %I.%I is %L', f.nspname, f.name, f.wanted_comment)
    from found as f
    where f.is_to_build or f.is_owned and f.comment is distinct from f.wanted_comment
  )
  select s.base_name, s.ddl
  from step as s
  order by s.base_name, s.phase, s.depth, s.relation
$$;

comment on function vessel_activity.missing_indexes() is
  'Statements for the indexes of the source table of positions that the figures need: those that build a missing index and those that add a missing comment. Run them in order and outside a transaction. index_name: the index on that table that the statement is for.';
