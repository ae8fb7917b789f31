-- What a server does every few seconds. It evaluates the rules between refreshes, because a refresh that does not run can't
-- raise an alert that says so. Call it in a transaction of its own. On a standby it does nothing.
create or replace function vessel_activity.tend_alerts(out must_announce boolean, out must_deliver boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  must_announce := false;
  must_deliver := false;
  if pg_is_in_recovery() then
    return;
  end if;
  -- A lost evaluation is made up for by the next one.
  perform set_config('synchronous_commit', 'off', true);
  perform vessel_activity.try_watch(clock_timestamp(), p_looks => true);
  must_announce := exists (select from vessel_activity.alert_event as e where not e.is_announced);
  must_deliver := exists (
    select from vessel_activity.alert_event as e where e.settled_at is null and e.due_at <= clock_timestamp());
end
$$;

comment on function vessel_activity.tend_alerts() is
  'Evaluates the rules between refreshes, for a server. must_announce: call announce(), there are events of which listeners do not know. must_deliver: call claim_alert(), if there is a webhook: an event is due.';
