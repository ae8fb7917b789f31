-- PostgreSQL lets all roles execute a new function. The functions of vessel activity are for their owner, and for the roles
-- that public.vessel_activity_grant() names.
create or replace function vessel_activity.revoke_from_public()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_routine regprocedure;
begin
  for v_routine in select o.routine from vessel_activity.routines() as o loop
    execute format('revoke all on routine %s from public', v_routine);
  end loop;
  revoke all on public.vessel_activity_performance from public;
end
$$;

comment on function vessel_activity.revoke_from_public() is
  'Revokes the right to execute the functions of vessel activity from PUBLIC.';
