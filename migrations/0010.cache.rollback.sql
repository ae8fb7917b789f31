set local lock_timeout = '10s';
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid::regprocedure
    from pg_catalog.pg_proc as p
    where p.pronamespace = 'public'::regnamespace
      and p.proname in (
        'refresh_vessel_activity', 'vessel_activity_at', 'vessel_activity_backfill_history', 'vessel_activity_grant',
        'vessel_activity_history', 'vessel_activity_history_csv', 'vessel_activity_history_json', 'vessel_activity_json',
        'vessel_activity_rebuild', 'vessel_activity_schedule', 'vessel_activity_status', 'vessel_activity_verify'
      )
  loop
    execute format('drop routine if exists %s cascade', v_function);
  end loop;
end
$$;
drop table if exists public.vessel_activity_realtime cascade;
drop schema if exists vessel_activity cascade;
