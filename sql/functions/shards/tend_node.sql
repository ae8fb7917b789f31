-- What the coordinator asks the other nodes of Citus between refreshes.
create or replace function vessel_activity.tend_node()
returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = error
as $$
begin
  perform vessel_activity.maintain();
  return 'true';
end
$$;

comment on function vessel_activity.tend_node() is
  'Does what maintain() does, for the coordinator of Citus. Returns true.';
