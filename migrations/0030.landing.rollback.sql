set local lock_timeout = '10s';
drop table if exists
  vessel_activity.landing, vessel_activity.landed_vessel, vessel_activity.rejected_row, vessel_activity.load_rejection,
  vessel_activity.load, vessel_activity.static_data, vessel_activity.country_digits, vessel_activity.ship_type,
  vessel_activity.recording, vessel_activity.replay cascade;
alter table if exists vessel_activity.settings drop column if exists rejected_retention;
