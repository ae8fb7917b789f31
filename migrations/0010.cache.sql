-- depends: 0001.source-tables
-- The cached row that everybody reads, the settings, and the log of refreshes.

set local lock_timeout = '10s';

create schema if not exists vessel_activity;
comment on schema vessel_activity is 'Internals of the vessel activity figures: settings, log, state. The public functions are public.vessel_activity_* and public.refresh_vessel_activity.';
revoke all on schema vessel_activity from public;

-- One of the same name may be there from an earlier design, with the same columns, as 0001 made sure: it is taken over.
do $$
begin
  if to_regclass('public.vessel_activity_realtime') is not null and not exists (
    select from pg_catalog.pg_constraint as c
    where c.conrelid = to_regclass('public.vessel_activity_realtime') and c.conname = 'vessel_activity_realtime_singleton'
  ) then
    delete from public.vessel_activity_realtime where id <> 'singleton';
    alter table public.vessel_activity_realtime add constraint vessel_activity_realtime_singleton check (id = 'singleton');
  end if;
end
$$;

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
comment on table public.vessel_activity_realtime is 'The current vessel activity figures: one row, replaced by every refresh; all of it as of one instant, from one snapshot.';
comment on column public.vessel_activity_realtime.id is 'Always singleton.';
comment on column public.vessel_activity_realtime.active_now is 'Distinct vessels with a position in the 5 minutes up to updated_at.';
comment on column public.vessel_activity_realtime.active_last_hour is 'Distinct vessels with a position in the hour up to updated_at.';
comment on column public.vessel_activity_realtime.active_last_24h is 'Distinct vessels with a position in the 24 hours up to updated_at.';
comment on column public.vessel_activity_realtime.total_vessels is 'Vessels with active = true.';
comment on column public.vessel_activity_realtime.positions_last_hour is 'Position reports in the hour up to updated_at.';
comment on column public.vessel_activity_realtime.vessel_types is 'Ten commonest types of the active vessels: object type -> count, in descending count.';
comment on column public.vessel_activity_realtime.top_flags is 'Ten commonest flags of the active vessels: array of {flag, count}, descending.';
comment on column public.vessel_activity_realtime.speed_avg is 'Mean speed over ground in knots over the positions of the last hour with 0 < speed < 50; 0 where there is none.';
comment on column public.vessel_activity_realtime.updated_at is 'The instant the figures are true for.';

-- No row yet: zeros stamped now() would look like figures. The first refresh, at the end of every migrate, writes it.

create index if not exists idx_vessel_activity_updated on public.vessel_activity_realtime (updated_at);

create table if not exists vessel_activity.settings (
  only_row boolean primary key default true check (only_row),
  simulation text,
  refresh_interval interval not null default '30 seconds'
    check (refresh_interval between interval '1 second' and interval '1 day'),
  slow_after interval not null default '10 seconds' check (slow_after > interval '0'),
  log_retention interval not null default '7 days' check (log_retention > interval '0')
);
comment on table vessel_activity.settings is 'Settings, one row. Change refresh_interval with public.vessel_activity_schedule(), the others with UPDATE; they hold from the next refresh.';
comment on column vessel_activity.settings.only_row is 'Keeps it one row.';
comment on column vessel_activity.settings.refresh_interval is 'Time between two refreshes, 1 second to 1 day.';
comment on column vessel_activity.settings.slow_after is 'A refresh that takes longer warns.';
comment on column vessel_activity.settings.log_retention is 'How long refresh_log keeps its rows.';
insert into vessel_activity.settings default values on conflict do nothing;
comment on column vessel_activity.settings.simulation is 'NULL if the source tables hold real vessels; else the name of the schema that simulates them, whose function remove() removes the simulated vessels.';

create table if not exists vessel_activity.refresh_log (
  id bigserial primary key,
  started_at timestamptz not null,
  as_of timestamptz,
  duration_ms numeric(12,3) not null,
  refreshed_by text not null,
  mode text,
  new_rows bigint,
  sqlstate text,
  message text
);
comment on table vessel_activity.refresh_log is 'One row a refresh, kept for settings.log_retention.';
comment on column vessel_activity.refresh_log.id is 'Order of writing.';
comment on column vessel_activity.refresh_log.started_at is 'When the refresh began.';
comment on column vessel_activity.refresh_log.as_of is 'The instant its figures are true for; NULL where it failed.';
comment on column vessel_activity.refresh_log.duration_ms is 'How long it took, in milliseconds.';
comment on column vessel_activity.refresh_log.refreshed_by is 'Who ran it: pg_cron, fallback or manual, and the role.';
comment on column vessel_activity.refresh_log.mode is 'How it was computed: definition, incremental or rebuild; NULL where it failed.';
comment on column vessel_activity.refresh_log.new_rows is 'Changed positions it took in; NULL where it read all of them.';
comment on column vessel_activity.refresh_log.sqlstate is 'SQLSTATE of the error where it failed, else NULL.';
comment on column vessel_activity.refresh_log.message is 'Error message, or a remark such as why the definition had to be used.';
create index if not exists refresh_log_started_at on vessel_activity.refresh_log (started_at);
