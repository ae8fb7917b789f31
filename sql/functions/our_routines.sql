-- The functions and procedures of the product: all in schema vessel_activity, and in public those with our names.
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
      and (p.proname like 'vessel\_activity\_%' or p.proname = 'refresh_vessel_activity')
$$;

comment on function vessel_activity.our_routines() is 'The functions and procedures of the product.';
