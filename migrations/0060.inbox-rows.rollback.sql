set local lock_timeout = '10s';
-- With the triggers, in one transaction: one that outlived the inbox would make every writer fail.
drop function if exists vessel_activity.note_positions_inserted() cascade;
drop function if exists vessel_activity.note_positions_updated() cascade;
drop function if exists vessel_activity.note_positions_deleted() cascade;
drop function if exists vessel_activity.note_vessels_inserted() cascade;
drop function if exists vessel_activity.note_vessels_updated() cascade;
drop function if exists vessel_activity.note_vessels_deleted() cascade;
drop table if exists vessel_activity.inbox cascade;
