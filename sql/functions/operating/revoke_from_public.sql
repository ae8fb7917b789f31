-- PostgreSQL lets all roles execute a new function. The functions of vessel activity are for their owner, and for the roles
-- that public.vessel_activity_grant() names.
create or replace function vessel_activity.revoke_from_public()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform vessel_activity.run_ddl((
    select 'revoke all on routine ' || string_agg(o.routine::text, ', ') || ' from public' from vessel_activity.routines() as o
  ));
  perform vessel_activity.run_ddl('revoke all on public.vessel_activity_performance from public');
end
$$;

comment on function vessel_activity.revoke_from_public() is
  'Revokes the right to execute the functions of vessel activity from PUBLIC.';
