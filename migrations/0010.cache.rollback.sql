set local lock_timeout = '10s';
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid::regprocedure
    from pg_catalog.pg_proc as p
    where p.pronamespace = 'public'::regnamespace
      and (p.proname = 'refresh_vessel_activity' or p.proname like 'vessel\_activity\_%')
  loop
    execute format('drop routine if exists %s cascade', v_function);
  end loop;
end
$$;
drop table if exists public.vessel_activity_realtime cascade;
drop schema if exists vessel_activity cascade;
