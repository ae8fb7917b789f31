-- Removes the incremental state, the inboxes and the triggers that fill them.
set local lock_timeout = '10s';

-- The triggers on the source tables are dropped with the functions they call, in the same transaction as the inboxes:
-- a trigger that outlived the inboxes would make every writer fail.
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'vessel_activity' and p.prorettype = 'pg_catalog.trigger'::regtype
    order by p.proname
  loop
    execute format('drop function %s cascade', v_function);
  end loop;
end
$$;

-- With CASCADE: functions in schema vessel_activity use the row types of the tables and draw from the sequences.
drop table if exists
  vessel_activity.inbox, vessel_activity.fleet_inbox, vessel_activity.upcoming, vessel_activity.last_seen,
  vessel_activity.position_second, vessel_activity.fleet_count, vessel_activity.state cascade;
drop sequence if exists vessel_activity.inbox_tickets, vessel_activity.inbox_guard, vessel_activity.reopenings cascade;
