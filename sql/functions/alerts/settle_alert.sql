-- Says what became of a claim. After a failure the event is due again: after 5 seconds, then twice as long each time, up to
-- ten minutes, less up to half by chance, so that servers and receivers do not move in step. If the receiver has said when to
-- come again, not before that, but within an hour.
-- A server whose claim has run out meanwhile can still say that the event was delivered. Its failure counts for nothing then.
create or replace function vessel_activity.settle_alert(
  p_alert_id bigint, p_event text, p_attempt integer, p_error text default null, p_retry_after_seconds double precision default 0
)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_error is null then
    update vessel_activity.alert_event as e
    set settled_at = clock_timestamp(), is_delivered = true
    where e.alert_id = p_alert_id and e.event = p_event and not e.is_delivered;
    if found then
      update vessel_activity.watching set delivered = delivered + 1;
    end if;
    return found;
  end if;
  update vessel_activity.alert_event as e
  set error = left(p_error, 200),
    due_at = clock_timestamp() + greatest(
      least(interval '5 seconds' * power(2, least(p_attempt - 1, 20)), interval '10 minutes') * (0.5 + random() / 2),
      make_interval(secs => least(greatest(p_retry_after_seconds, 0), 3600)))
  where e.alert_id = p_alert_id and e.event = p_event and e.attempts = p_attempt and e.settled_at is null;
  if found then
    update vessel_activity.watching set failed = failed + 1;
  end if;
  return found;
end
$$;

comment on function vessel_activity.settle_alert(bigint, text, integer, text, double precision) is
  'Notes that attempt p_attempt to deliver an event has succeeded (p_error is NULL) or failed. p_retry_after_seconds: how long the receiver wants to be left alone. Returns whether that was news.';
