-- The functions and procedures of the product: all in schema vessel_activity, and in public those with these names and
-- arguments, which migrations/0010.cache.rollback.sql removes; whatever else begins like them there is the user's.
-- Called by revoke_from_public, vessel_activity_grant and outside_dependents.
create or replace function vessel_activity.our_routines()
returns table (routine regprocedure, name name, volatility "char", is_public boolean, is_trigger boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select p.oid::regprocedure, p.proname, p.provolatile, p.pronamespace = 'public'::regnamespace,
    p.prorettype = 'trigger'::regtype
  from pg_proc as p
  where p.pronamespace = 'vessel_activity'::regnamespace
    or p.pronamespace = 'public'::regnamespace and p.oid::regprocedure::text in (
      'public.refresh_vessel_activity()',
      'public.vessel_activity_at(timestamp with time zone)',
      'public.vessel_activity_backfill_history(timestamp with time zone,timestamp with time zone,interval)',
      'public.vessel_activity_grant(name,text)',
      'public.vessel_activity_history(text,timestamp with time zone)',
      'public.vessel_activity_history_csv(text,timestamp with time zone)',
      'public.vessel_activity_history_json(text,timestamp with time zone)',
      'public.vessel_activity_json(public.vessel_activity_realtime)',
      'public.vessel_activity_rebuild()',
      'public.vessel_activity_schedule(interval)',
      'public.vessel_activity_status()',
      'public.vessel_activity_verify()'
    )
$$;

comment on function vessel_activity.our_routines() is 'The functions and procedures of the product.';
