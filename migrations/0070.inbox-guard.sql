-- depends: 0060.inbox-rows
-- How a full inbox is closed to writers: by the guard alone, which they ask for every row. Earlier each of them counted
-- what it left out, under an advisory lock: that cost every insert, full inbox or not.

set local lock_timeout = '10s';

-- The triggers go with their functions, in one transaction: they would make every writer fail. Both come back when the
-- functions are installed, and the state is rebuilt.
drop function if exists vessel_activity.note_positions_inserted() cascade;
drop function if exists vessel_activity.note_positions_updated() cascade;
drop function if exists vessel_activity.note_positions_deleted() cascade;
drop function if exists vessel_activity.note_vessels_inserted() cascade;
drop function if exists vessel_activity.note_vessels_updated() cascade;
drop function if exists vessel_activity.note_vessels_deleted() cascade;
drop function if exists vessel_activity.leaves_out(text, oid);
drop function if exists vessel_activity.plan_refresh(timestamptz, vessel_activity.settings);
drop function if exists vessel_activity.install_triggers(boolean);

drop sequence if exists vessel_activity.skipped;
create sequence if not exists vessel_activity.reopenings;
comment on sequence vessel_activity.reopenings is 'Advanced whenever the inboxes are opened again to writers, who left changes out before: the state must be rebuilt.';
comment on sequence vessel_activity.inbox_guard is '1 while the inboxes are open to writers; 2 after they were found over their limit, and until they have room.';
do $$
begin
  perform pg_catalog.setval('vessel_activity.inbox_guard', 1);
  perform pg_catalog.setval('vessel_activity.reopenings', 1);
end
$$;

alter table vessel_activity.state
  drop column if exists skipped,
  add column if not exists reopenings bigint,
  add column if not exists skippers text[] not null default '{}';
comment on column vessel_activity.state.reopenings is 'Value of sequence vessel_activity.reopenings when skippers was read.';
comment on column vessel_activity.state.skippers is 'Virtual transactions that may have left changes out, and had not ended then: nothing is built until they have.';
