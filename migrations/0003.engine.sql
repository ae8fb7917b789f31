-- depends: 0002.figures
-- The inboxes and the incremental state (docs/engine.md). Unlogged: they cost no WAL. A crash empties all of them together;
-- the next refresh notices that and rebuilds the state.
-- Ids, times and speeds get the types and collations of the source tables later in each migrate (fit_to_sources).

set local lock_timeout = '500ms';

-- Writers append to the inboxes, and each refresh empties them. Vacuum must not truncate their files, since writers would
-- have to wait for that; tend_inbox() allows it while a file is far too large.
create unlogged table if not exists vessel_activity.inbox (vessel_id, seen_at, speed, sign)
with (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1,
  autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off
)
as select null::bigint, null::timestamptz, null::numeric, null::smallint with no data;
comment on table vessel_activity.inbox is 'Changes of positions since the last refresh. The triggers append one row for each position that came or went.';
comment on column vessel_activity.inbox.vessel_id is 'vessel_positions."vesselId".';
comment on column vessel_activity.inbox.seen_at is 'Timestamp of the position, in the type of the source column. A timestamp without time zone is UTC.';
comment on column vessel_activity.inbox.speed is 'Speed over ground in knots, as in the source table.';
comment on column vessel_activity.inbox.sign is '1: the position came. -1: it went. 0: the row is no position; it says that the inbox is incomplete (see note_tree and note_merge).';

create unlogged table if not exists vessel_activity.fleet_inbox (
  kind text not null,
  name text not null,
  vessels bigint not null
) with (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1,
  autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off
);
comment on table vessel_activity.fleet_inbox is 'Changes of the active fleet since the last refresh. The triggers append how many vessels a group gained or lost.';
comment on column vessel_activity.fleet_inbox.kind is 'type, flag or total.';
comment on column vessel_activity.fleet_inbox.name is 'The type or flag state; empty for the total.';
comment on column vessel_activity.fleet_inbox.vessels is 'How many vessels the group gained (positive) or lost (negative).';

-- Three sequences say whether writers may note their changes. Sequences, since a new value is seen at once by all
-- sessions, and a rollback does not take it back.
-- Each session draws a block of tickets at a time. The tickets left in such blocks when the limit is checked bound how far
-- an inbox can grow beyond the limit.
create sequence if not exists vessel_activity.inbox_tickets cache 512;
comment on sequence vessel_activity.inbox_tickets is 'A writer draws a ticket for each change that it notes. After ticket 4,096 the limit of the inboxes is checked and the count starts again.';
create sequence if not exists vessel_activity.inbox_guard;
comment on sequence vessel_activity.inbox_guard is '1 while the inboxes are open to writers; 2 from when an inbox is found over its limit until there is room again.';
create sequence if not exists vessel_activity.reopenings;
comment on sequence vessel_activity.reopenings is 'Advanced each time the inboxes are opened again. Writers left changes out before that, so the state must be rebuilt.';
-- Sequences that were in use keep their values if this migration is repeated.
do $$
begin
  if pg_catalog.pg_sequence_last_value('vessel_activity.inbox_guard') is null then
    perform pg_catalog.setval('vessel_activity.inbox_guard', 1);
  end if;
  if pg_catalog.pg_sequence_last_value('vessel_activity.reopenings') is null then
    perform pg_catalog.setval('vessel_activity.reopenings', 1);
  end if;
end
$$;

create unlogged table if not exists vessel_activity.upcoming (vessel_id, seen_at, speed, sign)
as select null::bigint, null::timestamptz, null::numeric, null::smallint with no data;
create index if not exists upcoming_seen_at on vessel_activity.upcoming (seen_at);
comment on index vessel_activity.upcoming_seen_at is 'Finds the changes whose time has come.';
comment on table vessel_activity.upcoming is 'Changes of positions that are stamped up to an hour ahead. The refresh takes each one in when its time comes.';
comment on column vessel_activity.upcoming.vessel_id is 'vessel_positions."vesselId".';
comment on column vessel_activity.upcoming.seen_at is 'Timestamp of the position.';
comment on column vessel_activity.upcoming.speed is 'Speed over ground in knots, as in the source table.';
comment on column vessel_activity.upcoming.sign is '1: the position came. -1: it went.';

-- Half-full pages and no index on what changes: updates stay in their page (HOT) and leave nothing for vacuum.
create unlogged table if not exists vessel_activity.last_seen (vessel_id, seen_at)
with (fillfactor = 45)
as select null::bigint, null::timestamptz with no data;
-- CREATE TABLE AS can declare no primary key.
do $$
begin
  if not exists (select from pg_catalog.pg_constraint where conrelid = 'vessel_activity.last_seen'::regclass::oid and contype = 'p') then
    alter table vessel_activity.last_seen add primary key (vessel_id);
  end if;
end
$$;
comment on table vessel_activity.last_seen is 'The last position of each vessel in the last 24 hours. Older rows may remain until they are pruned.';
comment on column vessel_activity.last_seen.vessel_id is 'vessel_positions."vesselId".';
comment on column vessel_activity.last_seen.seen_at is 'Timestamp of the last position of the vessel.';

-- Each second one row is added and one removed. Vacuumed every minute, the table keeps the size of one hour.
create unlogged table if not exists vessel_activity.position_second (
  second timestamptz primary key,
  positions bigint not null,
  speed_sum numeric not null,
  speed_count bigint not null
) with (
  fillfactor = 45, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_cost_delay = 0
);
comment on table vessel_activity.position_second is 'Positions of the last hour, counted by second.';
comment on column vessel_activity.position_second.second is 'Start of the second.';
comment on column vessel_activity.position_second.positions is 'Positions in the second.';
comment on column vessel_activity.position_second.speed_sum is 'Sum of the speeds that count for the mean, in knots.';
comment on column vessel_activity.position_second.speed_count is 'Number of speeds that count for the mean.';

create unlogged table if not exists vessel_activity.fleet_count (
  kind text not null check (kind in ('total', 'type', 'flag')),
  name text not null,
  vessels bigint not null
) with (fillfactor = 45);
comment on table vessel_activity.fleet_count is 'Vessels of the fleet (active = true) by type, by flag state, and in total.';
comment on column vessel_activity.fleet_count.kind is 'type, flag or total.';
comment on column vessel_activity.fleet_count.name is 'The type or flag state; empty for the total.';
comment on column vessel_activity.fleet_count.vessels is 'Number of vessels of the fleet in the group.';
-- On a digest: a name may be longer than an index entry can be.
create unique index if not exists fleet_count_key on vessel_activity.fleet_count (kind, pg_catalog.md5(name));
comment on index vessel_activity.fleet_count_key is 'Keeps one row for each group.';

create unlogged table if not exists vessel_activity.state (
  only_row boolean primary key default true check (only_row),
  as_of timestamptz,
  fingerprint text,
  relations oid[],
  functions oid[],
  far_due_at timestamptz,
  verified_at timestamptz,
  in_doubt xid[] not null default '{}',
  reopenings bigint,
  inbox_version text,
  skippers text[] not null default '{}'
) with (fillfactor = 45);
comment on table vessel_activity.state is 'Says whether the state tables can be used: one row, or none after a crash. Only refreshes write it.';
comment on column vessel_activity.state.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.state.as_of is 'The instant up to which positions have been taken in.';
comment on column vessel_activity.state.fingerprint is 'Fingerprint from vessel_activity.source_fingerprint() when the state was built. NULL: the state must be rebuilt.';
comment on column vessel_activity.state.relations is 'The oids of all relations of the source tables when the state was built, ascending.';
comment on column vessel_activity.state.functions is 'The oids of the trigger functions of vessel activity when the state was built, ascending.';
comment on column vessel_activity.state.far_due_at is 'Earliest position more than an hour ahead. Table upcoming does not hold it, so the state is rebuilt when its time comes.';
comment on column vessel_activity.state.verified_at is 'The last instant at which the state was built from the source tables or compared with the definition.';
comment on column vessel_activity.state.in_doubt is 'Transactions that were already prepared when the state was found lost. Their inbox rows are lost too, so the state is not rebuilt until they have ended.';
comment on column vessel_activity.state.reopenings is 'Value of sequence vessel_activity.reopenings when skippers was recorded.';
comment on column vessel_activity.state.inbox_version is 'Row version of schema vessel_activity in pg_namespace, and the oids of both inboxes, when skippers was recorded. If they differ now, writers may have found no inbox meanwhile.';
comment on column vessel_activity.state.skippers is 'Virtual transactions that may have left changes out and had not ended when they were recorded. The state is not rebuilt until they have ended.';

-- PostgreSQL drops none of these objects without the view. So a trigger that finds the view finds all that it needs, and it
-- looks up one name instead of six.
create or replace view vessel_activity.inbox_parts as
select true as are_there
from vessel_activity.settings, vessel_activity.inbox, vessel_activity.fleet_inbox, vessel_activity.inbox_tickets,
  vessel_activity.inbox_guard, vessel_activity.state;
comment on view vessel_activity.inbox_parts is 'Exists as long as everything exists that the triggers need to note a change. Without it they leave changes out, so that no writer fails.';
comment on column vessel_activity.inbox_parts.are_there is 'Means nothing.';

create table if not exists vessel_activity.refused_triggers (
  relation oid primary key,
  problem text not null,
  refused_at timestamptz not null default now()
);
comment on table vessel_activity.refused_triggers is 'Source tables, partitions and children on which the triggers were refused. Scheduled refreshes do not try these again; vessel-activity migrate does.';
comment on column vessel_activity.refused_triggers.relation is 'The table, by its oid in pg_class.';
comment on column vessel_activity.refused_triggers.problem is 'The table and the error message.';
comment on column vessel_activity.refused_triggers.refused_at is 'When the triggers were refused.';
