-- Empties the state tables: by TRUNCATE, which frees the dead rows that an old snapshot keeps; by DELETE where somebody
-- (pg_dump, say) holds a lock on them, since a refresh waits for nobody. Called by rebuild_state.
create or replace function vessel_activity.empty_state()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  lock table vessel_activity.last_seen, vessel_activity.position_second, vessel_activity.upcoming,
    vessel_activity.fleet_count in access exclusive mode nowait;
  truncate vessel_activity.last_seen, vessel_activity.position_second, vessel_activity.upcoming, vessel_activity.fleet_count;
exception when lock_not_available or insufficient_privilege then
  delete from vessel_activity.last_seen;
  delete from vessel_activity.position_second;
  delete from vessel_activity.upcoming;
  delete from vessel_activity.fleet_count;
end
$$;

comment on function vessel_activity.empty_state() is 'Empties the state tables without waiting for anybody.';
