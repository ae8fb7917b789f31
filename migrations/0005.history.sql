-- depends: 0002.figures
-- The history of the figures: one sample a minute of the numbers in the cached row.

set local lock_timeout = '500ms';

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
comment on table vessel_activity.history is 'One sample of the figures a minute. Refreshes and public.vessel_activity_backfill_history() write it; settings.history_retention says how long samples are kept. A minute without a row was not sampled: its figures are unknown, not zero.';
comment on column vessel_activity.history.minute is 'The minute that the sample stands for. A minute has at most one sample.';
comment on column vessel_activity.history.sampled_at is 'The instant within that minute for which the figures are true.';
comment on column vessel_activity.history.active_now is 'Distinct vessels with a position in the 5 minutes up to sampled_at.';
comment on column vessel_activity.history.active_last_hour is 'Distinct vessels with a position in the hour up to sampled_at.';
comment on column vessel_activity.history.active_last_24h is 'Distinct vessels with a position in the 24 hours up to sampled_at.';
comment on column vessel_activity.history.total_vessels is 'Vessels with active = true when the sample was taken or backfilled.';
comment on column vessel_activity.history.positions_last_hour is 'Position reports in the hour up to sampled_at.';
comment on column vessel_activity.history.speed_avg is 'Mean speed over ground in knots in the hour up to sampled_at; 0 if no position counts.';
