-- Takes the refresh lock until the transaction ends, without waiting. Refreshes, verification and maintenance take it, so that
-- only one of them at a time changes the cached row and the state. So does each transaction of a migrate or rollback that
-- changes tables or functions.
-- The lock is that of the view refresh_lock, which only its owner may lock. SECURITY DEFINER, so that whoever may refresh can
-- lock it through this function only. It costs ten microseconds, writes nothing and needs no transaction id.
create or replace function vessel_activity.try_refresh_lock()
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  lock table vessel_activity.refresh_lock in share update exclusive mode nowait;
  return true;
exception when lock_not_available then
  return false;
end
$$;

comment on function vessel_activity.try_refresh_lock() is
  'Takes the refresh lock until the transaction ends. Returns false at once if another session holds it.';
