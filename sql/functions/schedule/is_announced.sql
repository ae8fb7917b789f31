create or replace function vessel_activity.is_announced()
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select not exists (
    select from public.vessel_activity_realtime as r
    where r.id = 'singleton'
      and (extract(epoch from r.updated_at) * 1000000)::bigint is distinct from pg_sequence_last_value('vessel_activity.announced')
  )
$$;

comment on function vessel_activity.is_announced() is
  'Whether listeners have been told of the cached row. Also true if there is no row.';
