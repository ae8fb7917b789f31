-- depends: 0007.activity
-- The truth of the feed: what can be said of the reports themselves, whatever wrote them into the source tables.

set local lock_timeout = '500ms';

-- To add a column waits for every open writer, so a migration that is repeated must not try.
do $$
begin
  if not exists (select from pg_catalog.pg_attribute where attrelid = 'vessel_activity.settings'::regclass and attname = 'feed_late_after') then
    alter table vessel_activity.settings
      add column feed_late_after interval not null default '60 seconds' check (feed_late_after > interval '0');
  end if;
end
$$;
comment on column vessel_activity.settings.feed_late_after is 'If the newest report is older than this, the feed counts as late: on the page, in the status, in /metrics and in /readyz?strict.';

-- Logged, so that a standby has it too.
create table if not exists vessel_activity.feed_truth (
  only_row boolean primary key default true check (only_row),
  as_of timestamptz not null,
  newest_report timestamptz,
  reports_last_minute bigint not null,
  positions_ahead bigint not null,
  timed_last_hour bigint,
  late_last_hour bigint
) with (fillfactor = 45);
comment on table vessel_activity.feed_truth is 'What the last refresh found out about the feed, in one row. vessel_activity.feed_truth_at() is the definition.';
comment on column vessel_activity.feed_truth.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.feed_truth.as_of is 'The instant for which the row is true: that of the figures.';
comment on column vessel_activity.feed_truth.newest_report is 'Timestamp of the newest position at or before as_of. NULL: there is none.';
comment on column vessel_activity.feed_truth.reports_last_minute is 'Positions in the minute up to as_of.';
comment on column vessel_activity.feed_truth.positions_ahead is 'Positions stamped later than as_of.';
comment on column vessel_activity.feed_truth.timed_last_hour is 'Positions of the last hour of which it is known whether they arrived late: those of the seconds in first_count that an earlier refresh counted. NULL: not known on this server.';
comment on column vessel_activity.feed_truth.late_last_hour is 'Those of timed_last_hour that were not there yet when their second was first counted, so they arrived more than a minute after their time.';

-- The source tables do not tell when a row arrived. So each second is counted once, soon after its reports are a minute old.
-- What is there later and was not there then, arrived late.
create unlogged table if not exists vessel_activity.first_count (
  second timestamptz primary key,
  reports bigint not null,
  counted_at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_cost_delay = 0);
comment on table vessel_activity.first_count is 'Positions of each second of the last hour, as a refresh counted them one to two minutes after that second. A second that no refresh counted in that time has no row.';
comment on column vessel_activity.first_count.second is 'Start of the second.';
comment on column vessel_activity.first_count.reports is 'Positions in the second at that time.';
comment on column vessel_activity.first_count.counted_at is 'The instant of the refresh that counted them.';

alter table vessel_activity.state add column if not exists positions_ahead bigint;
comment on column vessel_activity.state.positions_ahead is 'Positions stamped later than as_of. NULL: the state was built by an earlier version, so the next refresh builds it again.';
