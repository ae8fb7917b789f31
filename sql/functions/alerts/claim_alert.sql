-- Gives a server the next event that it is to deliver. The claim lasts a minute, longer than an attempt. If the server ends
-- before it says what became of it, the event is due again then. Several servers never get the same event.
-- That an alert was cleared is told after it was told that it was raised. An event is given up after a day.
create or replace function vessel_activity.claim_alert(out alert_id bigint, out event text, out attempt integer, out key uuid, out body text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_given_up bigint;
begin
  with old as (
    update vessel_activity.alert_event as e
    set settled_at = clock_timestamp()
    where e.settled_at is null and e.due_at <= clock_timestamp() and e.made_at < clock_timestamp() - interval '1 day'
    returning 1
  )
  select count(*) into v_given_up from old;
  if v_given_up > 0 then
    update vessel_activity.watching set given_up = given_up + v_given_up;
  end if;

  update vessel_activity.alert_event as e
  set due_at = clock_timestamp() + interval '1 minute', attempts = e.attempts + 1
  where (e.alert_id, e.event) = (
    select n.alert_id, n.event
    from vessel_activity.alert_event as n
    where n.settled_at is null and n.due_at <= clock_timestamp()
      and (n.event = 'raised' or exists (
        select from vessel_activity.alert_event as r
        where r.alert_id = n.alert_id and r.event = 'raised' and r.settled_at is not null))
    order by n.made_at, n.alert_id
    limit 1
    for update skip locked
  )
  returning e.alert_id, e.event, e.attempts, e.key, vessel_activity.alert_event_json(e.alert_id, e.event)::text
  into claim_alert.alert_id, claim_alert.event, claim_alert.attempt, claim_alert.key, claim_alert.body;
end
$$;

comment on function vessel_activity.claim_alert() is
  'Claims the next event of an alert that is due, for a minute. attempt: number of the attempt, for settle_alert(). key: the same in each attempt. body: what to deliver. All are NULL if nothing is due.';
