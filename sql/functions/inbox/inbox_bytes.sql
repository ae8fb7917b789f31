-- The size includes the TOAST table, which holds long values.
create or replace function vessel_activity.inbox_bytes()
returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select greatest(pg_table_size('vessel_activity.inbox'), pg_table_size('vessel_activity.fleet_inbox'))
$$;

comment on function vessel_activity.inbox_bytes() is
  'Size of the larger inbox in bytes. settings.inbox_limit_bytes bounds it.';
