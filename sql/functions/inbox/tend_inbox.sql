-- Opens closed inboxes to writers again if there is room. Each opening is counted in a sequence, which is part of the
-- fingerprint: the state misses the changes that writers left out before.
-- Also decides whether vacuum may truncate the files of the inboxes. A truncation keeps writers out for a moment, which is
-- only worth while if a file is far too large. If the setting can't be changed at once, the next call tries again.
-- The caller holds the refresh lock.
create or replace function vessel_activity.tend_inbox()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_size constant bigint := vessel_activity.inbox_bytes();
  v_limit constant bigint := (select s.inbox_limit_bytes from vessel_activity.settings as s);
  v_is_large constant boolean := v_size > v_limit / 4;
begin
  if v_size <= v_limit and pg_sequence_last_value('vessel_activity.inbox_guard') is distinct from 1 then
    perform nextval('vessel_activity.reopenings');
    perform setval('vessel_activity.inbox_guard', 1);
  end if;
  if v_is_large = (
    select c.reloptions @> array['vacuum_truncate=t'] from pg_class as c where c.oid = 'vessel_activity.inbox'::regclass
  ) then
    return;
  end if;
  lock table vessel_activity.inbox, vessel_activity.fleet_inbox in share update exclusive mode nowait;
  perform vessel_activity.run_ddl(format(
    'alter table vessel_activity.inbox set (vacuum_truncate = %1$s); alter table vessel_activity.fleet_inbox set (vacuum_truncate = %1$s)',
    v_is_large));
exception when lock_not_available or insufficient_privilege or triggered_action_exception then
  return; -- vacuum holds the table, this role is not its owner, or an event trigger fails; the next call tries again
end
$$;

comment on function vessel_activity.tend_inbox() is
  'Opens the inboxes to writers again if there is room, and lets vacuum truncate them while they are over a quarter of their limit.';
