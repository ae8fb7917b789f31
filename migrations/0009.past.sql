-- depends: 0008.reports
-- The hours of the history, which outlive its minutes, and the settings of what is usual.

set local lock_timeout = '500ms';

create table if not exists vessel_activity.history_hour (
  hour timestamptz primary key,
  samples integer not null check (samples > 0),
  is_final boolean not null default false,
  active_now_min integer not null,
  active_now_mean numeric(12,3),
  active_now_max integer not null,
  active_last_hour_min integer not null,
  active_last_hour_mean numeric(12,3),
  active_last_hour_max integer not null,
  active_last_24h_min integer not null,
  active_last_24h_mean numeric(12,3),
  active_last_24h_max integer not null,
  total_vessels_min integer not null,
  total_vessels_mean numeric(12,3) not null,
  total_vessels_max integer not null,
  positions_last_hour_min integer not null,
  positions_last_hour_mean numeric(12,3),
  positions_last_hour_max integer not null,
  speed_avg_min decimal(5,2) not null,
  speed_avg_mean numeric(12,3),
  speed_avg_max decimal(5,2) not null
);
comment on table vessel_activity.history_hour is 'The history by hour: one row for each hour that has samples and is over. vessel_activity.hours_of() defines it from the samples. settings.hour_retention says how long hours are kept. An hour without a row was not sampled.';
comment on column vessel_activity.history_hour.hour is 'The beginning of the hour, in whole hours of UTC.';
comment on column vessel_activity.history_hour.samples is 'Number of samples in the hour, at most 60.';
comment on column vessel_activity.history_hour.is_final is 'True if the samples of the hour were deleted because of their age. Such a row is never computed again.';
comment on column vessel_activity.history_hour.active_now_min is 'Smallest history.active_now of the hour; 0 if nothing was heard at some time.';
comment on column vessel_activity.history_hour.active_now_mean is 'Mean of history.active_now over the samples in which it is above 0, rounded to three decimals; NULL if there are none.';
comment on column vessel_activity.history_hour.active_now_max is 'Largest history.active_now of the hour.';
comment on column vessel_activity.history_hour.active_last_hour_min is 'Smallest history.active_last_hour of the hour; 0 if nothing was heard at some time.';
comment on column vessel_activity.history_hour.active_last_hour_mean is 'Mean of history.active_last_hour over the samples in which it is above 0, rounded to three decimals; NULL if there are none.';
comment on column vessel_activity.history_hour.active_last_hour_max is 'Largest history.active_last_hour of the hour.';
comment on column vessel_activity.history_hour.active_last_24h_min is 'Smallest history.active_last_24h of the hour; 0 if nothing was heard at some time.';
comment on column vessel_activity.history_hour.active_last_24h_mean is 'Mean of history.active_last_24h over the samples in which it is above 0, rounded to three decimals; NULL if there are none.';
comment on column vessel_activity.history_hour.active_last_24h_max is 'Largest history.active_last_24h of the hour.';
comment on column vessel_activity.history_hour.total_vessels_min is 'Smallest history.total_vessels of the hour.';
comment on column vessel_activity.history_hour.total_vessels_mean is 'Mean of history.total_vessels over all samples, rounded to three decimals.';
comment on column vessel_activity.history_hour.total_vessels_max is 'Largest history.total_vessels of the hour.';
comment on column vessel_activity.history_hour.positions_last_hour_min is 'Smallest history.positions_last_hour of the hour; 0 if nothing was heard at some time.';
comment on column vessel_activity.history_hour.positions_last_hour_mean is 'Mean of history.positions_last_hour over the samples in which it is above 0, rounded to three decimals; NULL if there are none.';
comment on column vessel_activity.history_hour.positions_last_hour_max is 'Largest history.positions_last_hour of the hour.';
comment on column vessel_activity.history_hour.speed_avg_min is 'Smallest history.speed_avg of the hour, in knots; 0 if no speed was known at some time.';
comment on column vessel_activity.history_hour.speed_avg_mean is 'Mean of history.speed_avg over the samples in which it is above 0, in knots, rounded to three decimals; NULL if there are none.';
comment on column vessel_activity.history_hour.speed_avg_max is 'Largest history.speed_avg of the hour, in knots.';

comment on table vessel_activity.history is 'One sample of the figures a minute. Refreshes and public.vessel_activity_backfill_history() write it; settings.history_retention says how long samples are kept. history_hour keeps their hours. A minute without a row was not sampled: its figures are unknown, not zero.';

-- To add a column waits for every open writer, so a migration that is repeated must not try.
do $$
begin
  if not exists (select from pg_catalog.pg_attribute where attrelid = 'vessel_activity.settings'::regclass and attname = 'below_usual_for') then
    alter table vessel_activity.settings
      add column hour_retention interval not null default '2 years' check (hour_retention > interval '0'),
      add column below_usual_by numeric not null default 0.2 check (below_usual_by >= 0 and below_usual_by < 1),
      add column below_usual_for interval not null default '10 minutes'
        check (below_usual_for between interval '1 minute' and interval '1 day');
  end if;
end
$$;
comment on column vessel_activity.settings.history_retention is 'How long history keeps its samples, one a minute. Whole hours are deleted.';
comment on column vessel_activity.settings.hour_retention is 'How long history_hour keeps its hours. Hours whose samples are kept are kept too.';
comment on column vessel_activity.settings.below_usual_by is 'How far a figure must be below its usual band to count as below usual: a share of the lower edge of the band, 0.2 for a fifth.';
comment on column vessel_activity.settings.below_usual_for is 'How long a figure must be that far below its usual band to count as below usual, 1 minute to 1 day.';
