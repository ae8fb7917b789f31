-- depends: 0010.cache
-- The incremental state (docs/engine.md). Unlogged: it costs no WAL, and a crash empties all of it together, which a
-- refresh notices and rebuilds. Id types and collations are taken from the source tables by CREATE TABLE AS.
-- The inbox itself is in 0060.

set local lock_timeout = '10s';

create unlogged table if not exists vessel_activity.fleet_inbox (
  kind text not null,
  name text not null,
  vessels bigint not null
) with (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1,
  autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off
);
comment on table vessel_activity.fleet_inbox is 'Changes of the active fleet since the last refresh, appended by the triggers: how many vessels a group won or lost.';
comment on column vessel_activity.fleet_inbox.kind is 'type, flag or total.';
comment on column vessel_activity.fleet_inbox.name is 'The type or flag; empty for the total.';
comment on column vessel_activity.fleet_inbox.vessels is 'Vessels won (positive) or lost (negative).';

-- The number of skipped appends: a sequence, since it is seen at once and a rollback doesn't take it back.
create sequence if not exists vessel_activity.skipped;
comment on sequence vessel_activity.skipped is 'Advanced by a writer that leaves its changes out because the inbox is over its limit: the state must be rebuilt.';

create sequence if not exists vessel_activity.inbox_guard;
comment on sequence vessel_activity.inbox_guard is '2 while the inboxes are over their limit, so that every writer asks; else 1.';

create unlogged table if not exists vessel_activity.upcoming (vessel_id, seen_at, speed, sign)
as select p."vesselId", null::timestamptz, p.speed, null::smallint from public.vessel_positions as p with no data;
create index if not exists upcoming_seen_at on vessel_activity.upcoming (seen_at);
comment on table vessel_activity.upcoming is 'Changes of positions stamped up to an hour ahead: each is taken in when its time comes.';
comment on column vessel_activity.upcoming.vessel_id is 'vessel_positions."vesselId".';
comment on column vessel_activity.upcoming.seen_at is 'The position''s timestamp.';
comment on column vessel_activity.upcoming.speed is 'Its speed over ground in knots, as it stands in the source.';
comment on column vessel_activity.upcoming.sign is '1: the position came; -1: it went.';

-- Half-full pages and no index on what changes: updates stay in their page (HOT) and leave nothing for vacuum.
create unlogged table if not exists vessel_activity.last_seen (vessel_id, seen_at)
with (fillfactor = 45)
as select p."vesselId", null::timestamptz from public.vessel_positions as p with no data;
do $$
begin
  if not exists (select from pg_catalog.pg_constraint where conrelid = 'vessel_activity.last_seen'::regclass and contype = 'p') then
    alter table vessel_activity.last_seen add primary key (vessel_id);
  end if;
end
$$;
comment on table vessel_activity.last_seen is 'The last position of each vessel of the last 24 hours; older rows may linger until they are pruned.';
comment on column vessel_activity.last_seen.vessel_id is 'vessel_positions."vesselId".';
comment on column vessel_activity.last_seen.seen_at is 'Timestamp of its last position.';

create unlogged table if not exists vessel_activity.position_second (
  second timestamptz primary key,
  positions bigint not null,
  speed_sum numeric not null,
  speed_count bigint not null
) with (fillfactor = 45);
comment on table vessel_activity.position_second is 'Positions by second over the last hour.';
comment on column vessel_activity.position_second.second is 'Start of the second.';
comment on column vessel_activity.position_second.positions is 'Positions in it.';
comment on column vessel_activity.position_second.speed_sum is 'Sum of the speeds that enter the mean, in knots.';
comment on column vessel_activity.position_second.speed_count is 'How many speeds that are.';

create unlogged table if not exists vessel_activity.fleet_count (
  kind text not null check (kind in ('total', 'type', 'flag')),
  name text not null,
  vessels bigint not null,
  primary key (kind, name)
) with (fillfactor = 45);
comment on table vessel_activity.fleet_count is 'Active vessels by type, by flag, and in all.';
comment on column vessel_activity.fleet_count.kind is 'type, flag or total.';
comment on column vessel_activity.fleet_count.name is 'The type or flag; empty for the total.';
comment on column vessel_activity.fleet_count.vessels is 'How many vessels.';

create unlogged table if not exists vessel_activity.state (
  only_row boolean primary key default true check (only_row),
  as_of timestamptz,
  fingerprint text,
  skipped bigint,
  far_due_at timestamptz,
  verified_at timestamptz,
  in_doubt xid[] not null default '{}'
) with (fillfactor = 45);
comment on table vessel_activity.state is 'Marks the state tables as usable: one row; none after a crash. Written by refreshes only.';
comment on column vessel_activity.state.only_row is 'Keeps it one row.';
comment on column vessel_activity.state.as_of is 'The instant up to which positions have been taken in.';
comment on column vessel_activity.state.fingerprint is 'vessel_activity.source_fingerprint() when the state was built; NULL: to be rebuilt.';
comment on column vessel_activity.state.skipped is 'Value of sequence vessel_activity.skipped when the state was built.';
comment on column vessel_activity.state.far_due_at is 'Earliest position more than an hour ahead, which upcoming does not hold: when it comes due the state is rebuilt.';
comment on column vessel_activity.state.verified_at is 'The last instant at which the state was built from, or compared with, the definition.';
comment on column vessel_activity.state.in_doubt is 'Transactions that were already prepared when the state was found lost: their inbox rows are lost too, so nothing is built until they have ended.';

alter table vessel_activity.settings
  add column if not exists verify_interval interval not null default '1 hour' check (verify_interval > interval '0'),
  add column if not exists inbox_limit_bytes bigint not null default 67108864 check (inbox_limit_bytes >= 0),
  add column if not exists state_limit_bytes bigint not null default 33554432 check (state_limit_bytes >= 0);
comment on column vessel_activity.settings.verify_interval is 'How often a refresh also compares the state with the definition.';
comment on column vessel_activity.settings.inbox_limit_bytes is 'Size of an inbox file beyond which writers leave their changes out, to be made good by a rebuild.';
comment on column vessel_activity.settings.state_limit_bytes is 'Size of a state table beyond which, if most of it is dead rows kept by an old snapshot, refreshes compute by the definition and write no state.';

alter table vessel_activity.refresh_log add column if not exists verification json;
comment on column vessel_activity.refresh_log.verification is 'Where the state was compared with the definition: {"state": row, "definition": row, "equal": boolean}; else NULL.';
