-- Empties the state tables. By DELETE and not by TRUNCATE, for two reasons: TRUNCATE would lock out for the whole rebuild
-- whoever computes the definition meanwhile; and after a TRUNCATE of an unlogged table that was rolled back, a crash
-- before the abort record is on disk keeps PostgreSQL from starting. Called by rebuild_state.
create or replace function vessel_activity.empty_state()
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  delete from vessel_activity.last_seen;
  delete from vessel_activity.position_second;
  delete from vessel_activity.upcoming;
  delete from vessel_activity.fleet_count;
$$;

comment on function vessel_activity.empty_state() is 'Empties the state tables without waiting for anybody.';
