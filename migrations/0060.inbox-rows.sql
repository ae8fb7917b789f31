-- depends: 0020.engine
-- The inbox: one row a position, as it stands in the source. Earlier it had arrays, one row a statement, with converted
-- values: that cost a writer more than it saved the refresh.

set local lock_timeout = '10s';

-- The triggers go with their functions, in one transaction: they would make every writer fail. Both come back when the
-- functions are installed, and the state is rebuilt.
drop function if exists vessel_activity.note_positions_inserted() cascade;
drop function if exists vessel_activity.note_positions_updated() cascade;
drop function if exists vessel_activity.note_positions_deleted() cascade;
drop function if exists vessel_activity.note_vessels_inserted() cascade;
drop function if exists vessel_activity.note_vessels_updated() cascade;
drop function if exists vessel_activity.note_vessels_deleted() cascade;

drop table if exists vessel_activity.inbox;

-- Written by every writer, emptied by every refresh. Vacuum must not truncate its file, which would make writers wait;
-- tend_inbox() lets it while the file is far too large.
create unlogged table vessel_activity.inbox (vessel_id, seen_at, speed, sign)
with (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1,
  autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off
)
as select p."vesselId", p."timestamp", p.speed, null::smallint from public.vessel_positions as p with no data;
-- The triggers run as the owner of everything else, whoever migrates today.
do $$
begin
  execute format('alter table vessel_activity.inbox owner to %I',
    (select pg_catalog.pg_get_userbyid(n.nspowner) from pg_catalog.pg_namespace as n where n.nspname = 'vessel_activity'));
end
$$;
comment on table vessel_activity.inbox is 'Changes of positions since the last refresh, appended by the triggers: one row for each position that came or went.';
comment on column vessel_activity.inbox.vessel_id is 'vessel_positions."vesselId".';
comment on column vessel_activity.inbox.seen_at is 'The position''s timestamp, in the type of the source: without time zone it is UTC.';
comment on column vessel_activity.inbox.speed is 'Its speed over ground in knots, as it stands in the source.';
comment on column vessel_activity.inbox.sign is '1: the position came; -1: it went.';

-- A row leaves it each second, and one comes: vacuumed every minute, it stays as large as its hour.
alter table vessel_activity.position_second
  set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_cost_delay = 0);
