-- Takes the lock of refreshes to the end of the transaction, without waiting. Everything that writes the cached row or the
-- state holds it.
create or replace function vessel_activity.try_refresh_lock()
returns boolean
language sql volatile
return pg_catalog.pg_try_advisory_xact_lock(vessel_activity.advisory_class(), 1);

comment on function vessel_activity.try_refresh_lock() is
  'Takes the lock of refreshes to the end of the transaction. Returns false at once if another session holds it.';
