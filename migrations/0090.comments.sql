-- depends: 0030.landing 0070.inbox-guard
-- What the catalog, which is the reference manual, did not say yet.

set local lock_timeout = '10s';

comment on sequence vessel_activity.refresh_log_id_seq is 'Numbers refresh_log.id.';
comment on sequence vessel_activity.load_id_seq is 'Numbers load.id.';
comment on index public.idx_vessel_activity_updated is 'When the row is from. Of the original design; nothing of ours needs it.';
comment on index vessel_activity.refresh_log_started_at is 'Finds the refreshes of a time, and those older than settings.log_retention.';
comment on index vessel_activity.upcoming_seen_at is 'Finds the changes whose time has come.';
