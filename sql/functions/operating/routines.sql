-- The functions and procedures of vessel activity: all of schema vessel_activity, and those of schema public that are named
-- here with their arguments. sql/rollback/3-remove.sql removes the same ones. Other functions in public whose names begin
-- alike belong to the user. They are compared by oid: the text of a name depends on quote_all_identifiers.
create or replace function vessel_activity.routines()
returns table (routine regprocedure, name name, volatility "char", is_public boolean, is_trigger boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select p.oid::regprocedure, p.proname, p.provolatile, p.pronamespace = 'public'::regnamespace,
    p.prorettype = 'trigger'::regtype
  from pg_proc as p
  where p.pronamespace = 'vessel_activity'::regnamespace
    or p.pronamespace = 'public'::regnamespace and p.oid in (
      to_regprocedure('public.refresh_vessel_activity()'),
      to_regprocedure('public.vessel_activity_area_put(text,jsonb)'),
      to_regprocedure('public.vessel_activity_area_remove(text)'),
      to_regprocedure('public.vessel_activity_at(timestamp with time zone)'),
      to_regprocedure('public.vessel_activity_backfill_history(timestamp with time zone,timestamp with time zone,interval)'),
      to_regprocedure('public.vessel_activity_feed_at(timestamp with time zone)'),
      to_regprocedure('public.vessel_activity_grant(text,text)'),
      to_regprocedure('public.vessel_activity_history(text,timestamp with time zone)'),
      to_regprocedure('public.vessel_activity_history_csv(text,timestamp with time zone)'),
      to_regprocedure('public.vessel_activity_history_json(text,timestamp with time zone)'),
      to_regprocedure('public.vessel_activity_json(public.vessel_activity_realtime)'),
      to_regprocedure('public.vessel_activity_member_add(text,text)'),
      to_regprocedure('public.vessel_activity_member_remove(text)'),
      to_regprocedure('public.vessel_activity_rebuild()'),
      to_regprocedure('public.vessel_activity_revoke(text,text)'),
      to_regprocedure('public.vessel_activity_schedule(interval)'),
      to_regprocedure('public.vessel_activity_status()'),
      to_regprocedure('public.vessel_activity_unwatch(text)'),
      to_regprocedure('public.vessel_activity_verify()'),
      to_regprocedure('public.vessel_activity_watch(text,text,text,numeric,interval,text)')
    )
$$;

comment on function vessel_activity.routines() is
  'The functions and procedures of vessel activity. is_public: in schema public. is_trigger: a trigger function.';
