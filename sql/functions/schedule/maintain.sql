-- What is done between refreshes, in a short transaction of its own, and only when nobody has to wait: puts triggers on
-- new partitions and takes them off detached ones, and opens the inboxes to writers again once vacuum has shrunk them.
-- Nothing of ours ever truncates an unlogged table: if that were rolled back and the server crashed before the abort
-- record is on disk, PostgreSQL would not start. Called by scheduled_refresh and refresh_loop.py after each refresh.
create or replace function vessel_activity.maintain()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_is_in_recovery() or not vessel_activity.try_refresh_lock() then
    return;
  end if;
  perform from vessel_activity.install_triggers(p_nowait => true);
  perform vessel_activity.tend_inbox();
end
$$;

comment on function vessel_activity.maintain() is
  'Puts triggers on new partitions, takes them off detached ones, and opens the inboxes to writers again, where nobody has to wait for it. In a transaction of its own.';
