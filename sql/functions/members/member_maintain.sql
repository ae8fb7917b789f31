-- What the coordinator of Citus asks its other nodes between refreshes. They are its members.
create or replace function vessel_activity.member_maintain()
returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = error
as $$
begin
  -- To build the state may take longer than a refresh of the coordinator waits. Here it goes on if the coordinator has gone, and its
  -- transaction holds no lock on a shard that writers would wait for.
  if vessel_activity.source_obstacle() is null and not exists (
    select from vessel_activity.state as s where s.fingerprint = vessel_activity.source_fingerprint(s.relations, s.functions)
  ) then
    perform vessel_activity.refresh_at(clock_timestamp(), 'combiner');
  else
    perform vessel_activity.maintain();
  end if;
  return 'true';
end
$$;

comment on function vessel_activity.member_maintain() is
  'Does what maintain() does, for the coordinator of Citus, or builds the state if there is none. Returns true.';
