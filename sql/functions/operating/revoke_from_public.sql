-- New functions may be executed by everybody unless that is taken back; ours may by nobody but the owner and those
-- named to vessel_activity_grant. Called by migrate.py, in the transaction that installs the functions.
create or replace function vessel_activity.revoke_from_public()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_routine regprocedure;
begin
  for v_routine in select o.routine from vessel_activity.our_routines() as o loop
    execute format('revoke all on routine %s from public', v_routine);
  end loop;
  revoke all on public.vessel_activity_performance from public;
end
$$;

comment on function vessel_activity.revoke_from_public() is 'Takes the right to execute our functions from PUBLIC.';
