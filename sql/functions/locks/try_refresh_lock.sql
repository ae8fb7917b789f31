-- Takes the refresh lock until the transaction ends, without waiting. Refreshes, verification and maintenance take it, so that
-- only one of them at a time changes the cached row and the state.
create or replace function vessel_activity.try_refresh_lock()
returns boolean
language sql volatile
return pg_catalog.pg_try_advisory_xact_lock(vessel_activity.advisory_class(), 1);

comment on function vessel_activity.try_refresh_lock() is
  'Takes the refresh lock until the transaction ends. Returns false at once if another session holds it.';
