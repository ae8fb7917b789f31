-- What database.py has to run, outside a transaction, so that both needed indexes are there: first the drop of an
-- INVALID left-over of ours, then the build. On a partitioned table CONCURRENTLY is not to be had for the parent, so
-- there it is a plain build. Views and foreign tables can have none.
create or replace function vessel_activity.missing_indexes()
returns table (index_name text, drop_ddl text, create_ddl text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select
    w.index_name,
    case when left_over.oid is not null then format('drop index concurrently if exists public.%I', w.index_name) end,
    format('create index %s %I on public.vessel_positions (%s)',
      case when c.relkind = 'r' then 'concurrently' else '' end, w.index_name, w.columns)
  from (values
    ('time', 'vessel_activity_timestamp_idx', '"timestamp"'),
    ('vessel', 'vessel_activity_vessel_timestamp_idx', '"vesselId", "timestamp"')
  ) as w (purpose, index_name, columns)
  join pg_class as c on c.oid = to_regclass('public.vessel_positions') and c.relkind in ('r', 'p')
  left join pg_class as left_over
    on left_over.relname = w.index_name and left_over.relnamespace = 'public'::regnamespace and left_over.relkind = 'i'
  where not exists (select from vessel_activity.source_indexes() as s where s.purpose = w.purpose)
$$;

comment on function vessel_activity.missing_indexes() is
  'DDL, to be run outside a transaction, for each needed index of public.vessel_positions that is not there: drop_ddl (NULL, or the drop of an INVALID left-over), then create_ddl.';
