-- Makes the row of vessel_activity.state if there is none: at the first refresh, and after a crash, which empties the
-- unlogged tables. A transaction that was prepared before the crash can still commit, but its inbox rows are lost. So the
-- row names such transactions, and plan_refresh waits until they have ended.
create or replace function vessel_activity.ensure_state()
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into vessel_activity.state (in_doubt)
  select array(select x.transaction from pg_prepared_xacts as x where x.database = current_database())
  where not exists (select from vessel_activity.state)
$$;

comment on function vessel_activity.ensure_state() is
  'Makes the row of vessel_activity.state if there is none, with the transactions that are prepared now as in doubt.';
