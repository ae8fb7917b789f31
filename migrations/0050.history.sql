-- depends: 0010.cache
-- The past beside the present: one sample a minute of the cached row's numbers.

set local lock_timeout = '10s';

create table if not exists vessel_activity.history (
  minute timestamptz primary key,
  sampled_at timestamptz not null,
  active_now integer not null,
  active_last_hour integer not null,
  active_last_24h integer not null,
  total_vessels integer not null,
  positions_last_hour integer not null,
  speed_avg decimal(5,2) not null
);
comment on table vessel_activity.history is 'One sample a minute of the numbers, written by the refresh and by vessel_activity_backfill_history(), kept for settings.history_retention. A minute without a row was not sampled: it is unknown, not zero.';
comment on column vessel_activity.history.minute is 'The minute the sample stands for; at most one each.';
comment on column vessel_activity.history.sampled_at is 'The instant the numbers are true for, within that minute.';
comment on column vessel_activity.history.active_now is 'Distinct vessels with a position in the 5 minutes up to sampled_at.';
comment on column vessel_activity.history.active_last_hour is 'Distinct vessels with a position in the hour up to sampled_at.';
comment on column vessel_activity.history.active_last_24h is 'Distinct vessels with a position in the 24 hours up to sampled_at.';
comment on column vessel_activity.history.total_vessels is 'Vessels with active = true, at the time of sampling or backfilling.';
comment on column vessel_activity.history.positions_last_hour is 'Position reports in the hour up to sampled_at.';
comment on column vessel_activity.history.speed_avg is 'Mean speed in knots over that hour, 0 where there is none.';

alter table vessel_activity.settings
  add column if not exists history_retention interval not null default '30 days'
    check (history_retention > interval '0');
comment on column vessel_activity.settings.history_retention is 'How long history keeps its samples.';
