-- The functions and procedures of the product: all in schema vessel_activity, and in public those with these names, which
-- migrations/0010.cache.rollback.sql removes; whatever else begins like them there is the user's.
-- Called by revoke_from_public and vessel_activity_grant.
create or replace function vessel_activity.our_routines()
returns table (routine regprocedure, name name, volatility "char", is_public boolean, is_trigger boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select p.oid::regprocedure, p.proname, p.provolatile, p.pronamespace = 'public'::regnamespace,
    p.prorettype = 'trigger'::regtype
  from pg_proc as p
  where p.pronamespace = 'vessel_activity'::regnamespace
    or p.pronamespace = 'public'::regnamespace
      and p.proname in (
        'refresh_vessel_activity', 'vessel_activity_at', 'vessel_activity_backfill_history', 'vessel_activity_grant',
        'vessel_activity_history', 'vessel_activity_history_csv', 'vessel_activity_history_json', 'vessel_activity_json',
        'vessel_activity_rebuild', 'vessel_activity_schedule', 'vessel_activity_status', 'vessel_activity_verify'
      )
$$;

comment on function vessel_activity.our_routines() is 'The functions and procedures of the product.';
