-- The triggers on the source tables go with their functions; 0010 removes the rest of the schema.
set local lock_timeout = '10s';
drop table if exists vessel_activity.fleet_inbox, vessel_activity.upcoming,
  vessel_activity.last_seen, vessel_activity.position_second, vessel_activity.fleet_count, vessel_activity.state cascade;
drop sequence if exists vessel_activity.skipped, vessel_activity.inbox_guard;
