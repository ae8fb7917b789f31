-- Removes everything that loads and replays keep. With CASCADE: functions in schema vessel_activity use the row types.
set local lock_timeout = '10s';
drop table if exists
  vessel_activity.landing, vessel_activity.landed_vessel, vessel_activity.rejected_row, vessel_activity.load_rejection,
  vessel_activity.load, vessel_activity.static_data, vessel_activity.country_digits, vessel_activity.ship_type,
  vessel_activity.recording, vessel_activity.replay cascade;
