-- Removes the schema, the cached row and the public functions. It also works if the functions were never installed, so the
-- public functions are listed here as well as in our_routines.sql. A test compares the two lists.
-- Nothing in schema public is dropped with CASCADE: a view of the user may be built on it.
set local lock_timeout = '10s';
drop function if exists
  public.refresh_vessel_activity(),
  public.vessel_activity_at(timestamptz),
  public.vessel_activity_backfill_history(timestamptz, timestamptz, interval),
  public.vessel_activity_grant(name, text),
  public.vessel_activity_history(text, timestamptz),
  public.vessel_activity_history_csv(text, timestamptz),
  public.vessel_activity_history_json(text, timestamptz),
  public.vessel_activity_json(public.vessel_activity_realtime),
  public.vessel_activity_rebuild(),
  public.vessel_activity_schedule(interval),
  public.vessel_activity_status(),
  public.vessel_activity_verify();
drop view if exists public.vessel_activity_performance;
-- Triggers on the source tables go with the functions they call, so no writer meets a trigger without its function.
drop schema if exists vessel_activity cascade;
drop table if exists public.vessel_activity_realtime;
