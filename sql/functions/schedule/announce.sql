-- Tells listeners on the channel vessel_activity that there is a new row, once for each row. The payload is updated_at. Then tells
-- those on the channel vessel_activity_alert of alerts that were raised or cleared.
-- This is a transaction of its own, after that of the refresh. While the queue of notifications is full, a transaction that
-- notifies fails, and while another notifier hangs in its commit, it waits. A refresh must do neither. So the refresh loop and
-- the pg_cron job call this after each refresh, and whenever they look for one, for the refreshes of others.
-- It does nothing while the queue is a quarter full or another session notifies. The row is announced once that is over;
-- until then listeners poll. Between this look and the commit the queue can still fill up. Then only the announcement fails.
create or replace function vessel_activity.announce()
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_announced boolean;
  v_has_events boolean := false;
  v_updated_at timestamptz;
begin
  if pg_is_in_recovery() then
    return false;
  end if;
  v_is_announced := vessel_activity.is_announced();
  -- Whatever is wrong with the alerts, the row is announced.
  begin
    v_has_events := exists (select from vessel_activity.alert_event as e where not e.is_announced);
  exception when others then
    raise warning using message = 'alerts are not announced: ' || sqlerrm;
  end;
  if v_is_announced and not v_has_events then
    return false;
  end if;
  if pg_notification_queue_usage() > 0.25
    or exists (
      select from pg_locks as l
      where l.locktype = 'object' and l.database = 0 and l.classid = 'pg_database'::regclass and l.objid = 0
        and l.mode = 'AccessExclusiveLock'
    )
  then
    return false;
  end if;
  -- No announcement is worth a wait for the disk.
  perform set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '500ms', true);
  if not v_is_announced then
    select r.updated_at into v_updated_at from public.vessel_activity_realtime as r where r.id = 'singleton';
    perform setval('vessel_activity.announced', (extract(epoch from v_updated_at) * 1000000)::bigint);
    perform pg_notify('vessel_activity', vessel_activity.iso_instant(v_updated_at, 'US'));
  end if;
  if v_has_events then
    begin
      perform vessel_activity.announce_alerts();
    exception when others then
      raise warning using message = 'alerts are not announced: ' || sqlerrm;
    end;
  end if;
  return true;
end
$$;

comment on function vessel_activity.announce() is
  'Notifies channel vessel_activity if the cached row is newer than the last one announced, and channel vessel_activity_alert of alerts, if the queue of notifications has room. Returns whether there was anything to tell. Call it in a transaction of its own.';
