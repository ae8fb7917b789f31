-- What the coordinator of Citus asks its other nodes between refreshes. They are its members.
create or replace function vessel_activity.member_maintain()
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

comment on function vessel_activity.member_maintain() is
  'Does what maintain() does, for the coordinator of Citus. Returns true.';
