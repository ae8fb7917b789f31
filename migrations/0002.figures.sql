-- depends: 0001.sources
-- The cached row that all readers read, the settings, and the log of refreshes.

set local lock_timeout = '500ms';

create schema if not exists vessel_activity;
comment on schema vessel_activity is 'Internals of vessel activity: settings, log, state and internal functions. The public functions are public.vessel_activity_* and public.refresh_vessel_activity.';
revoke all on schema vessel_activity from public;

-- The user may have a table of this name already. 0001.sources has checked that its columns are the same: the table is taken over.
do $$
begin
  if pg_catalog.to_regclass('public.vessel_activity_realtime') is not null and not exists (
    select from pg_catalog.pg_constraint as c
    where c.conrelid = pg_catalog.to_regclass('public.vessel_activity_realtime')::oid and c.conname = 'vessel_activity_realtime_singleton'
  ) then
    delete from public.vessel_activity_realtime where id <> 'singleton';
    alter table public.vessel_activity_realtime add constraint vessel_activity_realtime_singleton check (id = 'singleton');
  end if;
end
$$;

-- No row is inserted here: zeros stamped now() would look like figures. Each migrate ends with a refresh, which writes the row.
create table if not exists public.vessel_activity_realtime (
  id text primary key default 'singleton',
  active_now integer default 0,
  active_last_hour integer default 0,
  active_last_24h integer default 0,
  total_vessels integer default 0,
  positions_last_hour integer default 0,
  vessel_types json default '{}',
  top_flags json default '[]',
  speed_avg decimal(5,2) default 0,
  updated_at timestamptz default now(),
  constraint vessel_activity_realtime_singleton check (id = 'singleton')
);
comment on table public.vessel_activity_realtime is 'The current vessel activity figures in one row. Each refresh replaces the row. All figures are true for the same instant, updated_at.';
comment on column public.vessel_activity_realtime.id is 'Always singleton.';
comment on column public.vessel_activity_realtime.active_now is 'Distinct vessels with a position in the 5 minutes up to updated_at.';
comment on column public.vessel_activity_realtime.active_last_hour is 'Distinct vessels with a position in the hour up to updated_at.';
comment on column public.vessel_activity_realtime.active_last_24h is 'Distinct vessels with a position in the 24 hours up to updated_at.';
comment on column public.vessel_activity_realtime.total_vessels is 'Vessels with active = true.';
comment on column public.vessel_activity_realtime.positions_last_hour is 'Position reports in the hour up to updated_at.';
comment on column public.vessel_activity_realtime.vessel_types is 'The ten commonest types of the fleet (active = true): an object {type: count}, highest count first.';
comment on column public.vessel_activity_realtime.top_flags is 'The ten commonest flag states of the fleet (active = true): an array of {flag, count}, highest count first.';
comment on column public.vessel_activity_realtime.speed_avg is 'Mean speed over ground in knots, over the positions of the last hour with 0 < speed < 50; 0 if there are none.';
comment on column public.vessel_activity_realtime.updated_at is 'The instant for which the figures are true.';

create index if not exists idx_vessel_activity_updated on public.vessel_activity_realtime (updated_at);
comment on index public.idx_vessel_activity_updated is 'Finds the row by updated_at. Part of the required schema; vessel activity itself does not use it.';

create table if not exists vessel_activity.settings (
  only_row boolean primary key default true check (only_row),
  refresh_interval interval not null default '30 seconds'
    check (refresh_interval between interval '1 second' and interval '1 day'),
  simulation text,
  slow_after interval not null default '10 seconds' check (slow_after > interval '0'),
  log_retention interval not null default '7 days' check (log_retention > interval '0'),
  verify_interval interval not null default '1 hour' check (verify_interval > interval '0'),
  inbox_limit_bytes bigint not null default 67108864 check (inbox_limit_bytes >= 0),
  state_limit_bytes bigint not null default 33554432 check (state_limit_bytes >= 0),
  rejected_retention interval not null default '30 days' check (rejected_retention > interval '0'),
  history_retention interval not null default '30 days' check (history_retention > interval '0')
);
comment on table vessel_activity.settings is 'Settings, in one row. Change refresh_interval with public.vessel_activity_schedule() and the other columns with UPDATE. A change takes effect at the next refresh.';
comment on column vessel_activity.settings.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.settings.refresh_interval is 'Time between two refreshes, 1 second to 1 day.';
comment on column vessel_activity.settings.slow_after is 'A refresh that takes longer than this raises a warning.';
comment on column vessel_activity.settings.log_retention is 'How long refresh_log keeps its rows.';
comment on column vessel_activity.settings.verify_interval is 'How often a refresh also compares the state with the definition.';
comment on column vessel_activity.settings.inbox_limit_bytes is 'Largest size of an inbox in bytes. Beyond it writers no longer note their changes, and a later refresh rebuilds the state.';
comment on column vessel_activity.settings.state_limit_bytes is 'Size of a state table in bytes. If a state table is larger and mostly dead rows, because an old snapshot keeps them, refreshes compute by the definition and write no state.';
comment on column vessel_activity.settings.rejected_retention is 'How long loads and their rejected rows are kept. The start of the next load deletes older ones.';
comment on column vessel_activity.settings.history_retention is 'How long history keeps its samples.';
comment on column vessel_activity.settings.simulation is 'NULL if the source tables hold real vessels. Otherwise the name of the schema that simulates them. Its function remove() removes the simulated vessels.';
insert into vessel_activity.settings default values on conflict do nothing;

-- A view can be locked like a table, but vacuum, REINDEX and pg_dump leave it alone.
create or replace view vessel_activity.refresh_lock as select true as only_row;
revoke all on vessel_activity.refresh_lock from public;
comment on view vessel_activity.refresh_lock is 'Its lock is the refresh lock: whoever refreshes holds it until the transaction ends (vessel_activity.try_refresh_lock). Its row means nothing.';
comment on column vessel_activity.refresh_lock.only_row is 'Always true.';

create table if not exists vessel_activity.refresh_log (
  id bigserial primary key,
  started_at timestamptz not null,
  as_of timestamptz,
  duration_ms numeric(12,3) not null,
  refreshed_by text not null,
  mode text,
  new_rows bigint,
  sqlstate text,
  message text,
  verification json
);
comment on table vessel_activity.refresh_log is 'One row for each refresh, kept for settings.log_retention.';
comment on sequence vessel_activity.refresh_log_id_seq is 'Numbers refresh_log.id.';
comment on column vessel_activity.refresh_log.id is 'Number of the log row, in order of writing.';
comment on column vessel_activity.refresh_log.started_at is 'When the refresh began.';
comment on column vessel_activity.refresh_log.as_of is 'The instant for which its figures are true; NULL if it failed.';
comment on column vessel_activity.refresh_log.duration_ms is 'How long the refresh took, in milliseconds.';
comment on column vessel_activity.refresh_log.refreshed_by is 'What ran the refresh: pg_cron, fallback or manual.';
comment on column vessel_activity.refresh_log.mode is 'How the figures were computed: definition, incremental or rebuild; NULL if the refresh failed.';
comment on column vessel_activity.refresh_log.new_rows is 'How many changed positions the refresh took in; NULL if it read all positions.';
comment on column vessel_activity.refresh_log.sqlstate is 'SQLSTATE of the error if the refresh failed, else NULL.';
comment on column vessel_activity.refresh_log.message is 'The error message, or the reason why the figures were not computed incrementally.';
comment on column vessel_activity.refresh_log.verification is 'If the refresh compared the state with the definition: {"state": row, "definition": row, "equal": boolean}; else NULL.';
create index if not exists refresh_log_started_at on vessel_activity.refresh_log (started_at);
comment on index vessel_activity.refresh_log_started_at is 'Finds the refreshes of a period, and those older than settings.log_retention.';
create index if not exists refresh_log_costly on vessel_activity.refresh_log (id)
where mode is distinct from 'incremental' or verification is not null;
comment on index vessel_activity.refresh_log_costly is 'Finds the newest refreshes that read the source tables, or failed.';

-- Three sequences hold what other sessions must see before the transaction of a refresh ends, or even if it never does.
create sequence if not exists vessel_activity.refresh_promise;
comment on sequence vessel_activity.refresh_promise is 'Until when the refresh that runs has promised to show progress, in milliseconds since 1970. Once it has ended: when it ended.';
create sequence if not exists vessel_activity.refresher;
comment on sequence vessel_activity.refresher is 'Process id of the session that made the promise in refresh_promise.';
create sequence if not exists vessel_activity.announced;
comment on sequence vessel_activity.announced is 'vessel_activity_realtime.updated_at of the row that listeners were last told of, in microseconds since 1970.';
create index if not exists refresh_log_succeeded on vessel_activity.refresh_log (id) where sqlstate is null;
comment on index vessel_activity.refresh_log_succeeded is 'Finds the last successful refresh, however many have failed since.';
create index if not exists refresh_log_failed on vessel_activity.refresh_log (id) where sqlstate is not null;
comment on index vessel_activity.refresh_log_failed is 'Finds the failed refreshes.';
create index if not exists refresh_log_verified on vessel_activity.refresh_log (id) where verification is not null;
comment on index vessel_activity.refresh_log_verified is 'Finds the refreshes that compared the state with the definition.';
create index if not exists refresh_log_different on vessel_activity.refresh_log (id) where not (verification ->> 'equal')::boolean;
comment on index vessel_activity.refresh_log_different is 'Finds the comparisons that found a difference.';

-- The log keeps its rows for a week. Monitoring wants counts that only grow.
create table if not exists vessel_activity.refresh_count (
  refreshed_by text not null,
  mode text not null,
  sqlstate text not null,
  refreshes bigint not null,
  duration_ms numeric not null,
  primary key (refreshed_by, mode, sqlstate)
);
comment on table vessel_activity.refresh_count is 'How many refreshes of each kind have been logged since the installation, up to row refresh_counted.log_id of refresh_log.';
comment on column vessel_activity.refresh_count.refreshed_by is 'As in refresh_log.';
comment on column vessel_activity.refresh_count.mode is 'As in refresh_log; empty for failed refreshes.';
comment on column vessel_activity.refresh_count.sqlstate is 'As in refresh_log; empty for successful refreshes.';
comment on column vessel_activity.refresh_count.refreshes is 'Number of refreshes.';
comment on column vessel_activity.refresh_count.duration_ms is 'The sum of their durations, in milliseconds.';

create table if not exists vessel_activity.refresh_counted (
  only_row boolean primary key default true check (only_row),
  log_id bigint not null default 0
);
comment on table vessel_activity.refresh_counted is 'Up to which row of refresh_log the refreshes are in refresh_count: one row.';
comment on column vessel_activity.refresh_counted.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.refresh_counted.log_id is 'The last row of refresh_log that was counted, by its id.';
insert into vessel_activity.refresh_counted default values on conflict do nothing;
