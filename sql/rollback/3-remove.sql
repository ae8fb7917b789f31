-- Removes every object of vessel activity but the indexes, whichever version installed it, even if the installation was
-- killed half-way. To be run in one transaction: a trigger that outlived the function it calls would make every writer fail.
-- Uses no CASCADE in schema public, because a view of the user may depend on these objects.
-- The source tables, their rows and their columns stay as they are.
set local lock_timeout = '10s';

-- First the simulated vessels, which only their own functions can remove.
do $$
begin
  if pg_catalog.to_regprocedure('vessel_activity.remove_simulation()') is not null then
    perform vessel_activity.remove_simulation();
  end if;
end
$$;

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
drop schema if exists vessel_activity cascade;
drop table if exists public.vessel_activity_realtime;
drop schema if exists vessel_activity_migrations cascade;
