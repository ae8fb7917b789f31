-- Removes a rule. Its alert is cleared, if one is open, and that is told like any other.
-- Raises undefined_object (42704) if there is no such rule.
create or replace function public.vessel_activity_unwatch(p_name text)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from vessel_activity.watching as g for update; -- no evaluation may raise its alert meanwhile
  delete from vessel_activity.watch as w where w.name = p_name;
  if not found then
    raise exception using
      errcode = 'undefined_object',
      message = format('there is no rule %L', p_name),
      hint = 'Correct the name: select name from vessel_activity.watch.';
  end if;
  with cleared as (
    update vessel_activity.alert as a
    set cleared_at = greatest(clock_timestamp(), a.raised_at)
    where a.name = p_name and a.cleared_at is null
    returning a.id
  ), told as (
    insert into vessel_activity.alert_event (alert_id, event, text)
    select c.id, 'cleared', p_name || ' is over: its rule was removed' from cleared as c
    returning 1
  )
  update vessel_activity.watching set revision = revision + 1 where exists (select from told);
end
$$;

comment on function public.vessel_activity_unwatch(text) is
  'Removes the rule of that name, and clears its alert. Example: select public.vessel_activity_unwatch(''Few vessels''::text).';
