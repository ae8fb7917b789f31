set local lock_timeout = '10s';
-- With the triggers, in one transaction: one that outlived what it calls would make every writer fail.
drop function if exists vessel_activity.note_positions_inserted() cascade;
drop function if exists vessel_activity.note_positions_updated() cascade;
drop function if exists vessel_activity.note_positions_deleted() cascade;
drop function if exists vessel_activity.note_vessels_inserted() cascade;
drop function if exists vessel_activity.note_vessels_updated() cascade;
drop function if exists vessel_activity.note_vessels_deleted() cascade;
drop function if exists vessel_activity.note_tree() cascade;
drop function if exists vessel_activity.note_merge() cascade;
drop function if exists vessel_activity.inbox_takes() cascade;
drop sequence if exists vessel_activity.inbox_tickets;
alter table vessel_activity.state drop column if exists tree;
