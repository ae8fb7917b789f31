-- How large the largest state table is. Called by maintain, and by refresh_at after a rebuild.
create or replace function vessel_activity.state_bytes()
returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select greatest(
    pg_relation_size('vessel_activity.last_seen'), pg_relation_size('vessel_activity.position_second'),
    pg_relation_size('vessel_activity.upcoming')
  )
$$;

comment on function vessel_activity.state_bytes() is 'Size of the largest state table.';
