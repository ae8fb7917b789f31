-- The statements that drop the indexes a migrate built, known by their names. On a partitioned table those of the
-- partitions go with the index of the table. A migrate that was killed may have left some that are not attached to it yet.
-- The index of a partitioned table can't be dropped concurrently.
select pg_catalog.format(
  'drop index %s if exists %I.%I', case c.relkind when 'i' then 'concurrently' else '' end, n.nspname, c.relname)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_index as i on i.indexrelid = c.oid
where c.relname in (
    'vessel_activity_timestamp_idx', 'vessel_activity_vessel_timestamp_idx',
    'vessel_activity_timestamp_idx_' || i.indrelid, 'vessel_activity_vessel_timestamp_idx_' || i.indrelid)
  and not exists (select from pg_catalog.pg_inherits as h where h.inhrelid = c.oid)
order by c.oid
