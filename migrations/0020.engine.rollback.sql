drop table if exists vessel_activity.last_seen, vessel_activity.fleet_count cascade;
