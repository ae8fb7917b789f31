-- Makes the next refresh build the state again, for a DBA who doubts the state.
create or replace function public.vessel_activity_rebuild()
returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  update vessel_activity.state set fingerprint = null
$$;

comment on function public.vessel_activity_rebuild() is
  'Makes the next refresh build the incremental state again from the source tables.';
