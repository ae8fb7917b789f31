-- The work between refreshes, in a short transaction of its own: makes triggers on new partitions, drops them from detached
-- partitions, and opens the inboxes to writers again once vacuum has shrunk them. It does only what nobody has to wait for.
-- On the coordinator of Citus it first lets the nodes that follow their shards do the same.
-- Locks: the refresh lock, and the lock of each relation whose triggers it changes, until the transaction ends. It waits for
-- none of them. It stops after a quarter of a second, so that no writer waits longer; the next call goes on.
-- No function of vessel activity truncates an unlogged table: if that is rolled back and the server crashes before the abort
-- record is on disk, PostgreSQL does not start.
create or replace function vessel_activity.maintain()
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_is_in_recovery() or not vessel_activity.try_refresh_lock() then
    return;
  end if;
  perform vessel_activity.limit_transaction();
  perform vessel_activity.follow_shards();
  perform vessel_activity.tend_nodes(); -- it may wait for a node, so it comes before any lock on a source table
  perform from vessel_activity.install_triggers(p_nowait => true);
  perform vessel_activity.tend_inbox();
  perform vessel_activity.forget_askers();
end
$$;

comment on function vessel_activity.maintain() is
  'Makes triggers on new partitions, drops them from detached partitions, and opens the inboxes to writers again, and removes areas of combining databases that do not ask any more, as far as nobody has to wait for it. On the coordinator of Citus the nodes that follow their shards do the same. Call it in a transaction of its own.';
