-- Whether alerts are open, whether the rules can be evaluated, and whether what was raised could be delivered. Without a webhook
-- nothing is tried, and nothing is wrong.
create or replace function vessel_activity.check_alerts()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_watching vessel_activity.watching;
  v_open record;
  v_stuck record;
begin
  check_name := 'alerts';
  state := 'ok';
  select g.* into strict v_watching from vessel_activity.watching as g;
  select count(*) as number, string_agg(format('%s (since %s)', a.text, a.since), '; ' order by a.raised_at, a.id) as texts into v_open
  from vessel_activity.alert as a where a.cleared_at is null;
  select count(*) as number, min(e.made_at) as made_at, (array_agg(e.error order by e.due_at desc))[1] as error into v_stuck
  from vessel_activity.alert_event as e
  where e.settled_at is null and e.attempts > 2 and e.error is not null;

  detail := case v_open.number
    when 0 then format('no alert is open; %s rules are watched', (select count(*) from vessel_activity.watch))
    when 1 then 'an alert is open: ' || v_open.texts
    else format('%s alerts are open: %s', v_open.number, v_open.texts)
  end;
  if v_open.number > 0 then
    state := 'warn';
    hint := 'Look for the cause of each alert. It is cleared when its cause is gone. To remove a rule, run select public.vessel_activity_unwatch(''name of the rule''::text).';
  end if;
  if v_stuck.number > 0 then
    state := 'warn';
    detail := format('%s; messages that could not be delivered since %s: %s (%s)', detail, v_stuck.made_at, v_stuck.number, v_stuck.error);
    hint := 'Correct VESSEL_ACTIVITY_WEBHOOK_URL, or the receiver. Each message is tried for a day.';
  end if;
  if v_watching.error is not null then
    state := 'fail';
    detail := format('the rules could not be evaluated since %s (%s); %s', v_watching.error_at, v_watching.error, detail);
    hint := 'Correct the cause, which the message names: the next refresh tries again. The figures are not affected.';
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_alerts() is
  'Whether alerts are open, and whether rules are evaluated and messages delivered, in one row like those of public.vessel_activity_status().';
