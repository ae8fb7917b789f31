-- The statements that drop the indexes a migrate built, known by their names. The index of a partitioned table takes those
-- of its partitions with it, and can't be dropped concurrently.
select pg_catalog.format(
  'drop index %s if exists public.%I', case c.relkind when 'i' then 'concurrently' else '' end, c.relname)
from pg_catalog.pg_class as c
where c.relnamespace = 'public'::pg_catalog.regnamespace
  and c.relname in ('vessel_activity_timestamp_idx', 'vessel_activity_vessel_timestamp_idx')
  and c.relkind in ('i', 'I')
