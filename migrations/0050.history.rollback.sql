set local lock_timeout = '10s';
drop function if exists public.vessel_activity_history_json(text, timestamptz);
drop function if exists public.vessel_activity_history_csv(text, timestamptz);
drop function if exists public.vessel_activity_history(text, timestamptz);
drop function if exists public.vessel_activity_backfill_history(timestamptz, timestamptz, interval);
drop function if exists vessel_activity.record_history(public.vessel_activity_realtime);
alter table vessel_activity.settings drop column if exists history_retention;
drop table if exists vessel_activity.history;
