-- The statements that drop the indexes a migrate built, known by their names, without keeping writers out. A migrate that was
-- killed may have left some on partitions that are not attached to the index of the table yet. The index of a partitioned table
-- can't be dropped concurrently: step 3 drops it with those of the partitions.
select pg_catalog.format('drop index concurrently if exists %I.%I', n.nspname, c.relname)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_index as i on i.indexrelid = c.oid
where c.relkind = 'i'
  and c.relname in (
    'vessel_activity_timestamp_idx', 'vessel_activity_vessel_timestamp_idx',
    'vessel_activity_timestamp_idx_' || i.indrelid, 'vessel_activity_vessel_timestamp_idx_' || i.indrelid)
  and coalesce(pg_catalog.current_setting('vessel_activity.keeps_indexes', true), '') <> 'yes'
  and not exists (select from pg_catalog.pg_inherits as h where h.inhrelid = c.oid)
order by c.oid
