-- Evaluates all rules, and notes which alerts are raised and cleared. One session at a time does so: if another one is at it,
-- there is nothing to do.
--   raised   the condition was true for watch.for_at_least, each time that somebody looked
--   cleared  it was false for settings.alert_clear_after. That doubles with each alert that the rule has raised in the last
--            hour, up to an hour. So a condition that comes and goes raises few alerts, and none is raised late.
-- If the figure is unknown, the state of the rule stays as it is. If its area was removed, its condition is false. What is usual must be known from two weeks.
-- Locks: the row of vessel_activity.watching, until the transaction ends.
create or replace function vessel_activity.evaluate_watch(p_as_of timestamptz, p_looks boolean)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings vessel_activity.settings;
  v_events bigint;
begin
  perform from vessel_activity.watching as g for update skip locked;
  if not found then
    return false;
  end if;
  select s.* into strict v_settings from vessel_activity.settings as s;

  with figure as materialized (
    select f.* from vessel_activity.watched_figures(p_as_of, p_looks) as f where f.value is not null
  ), band as materialized (
    select b.figure, b.low, b.high from vessel_activity.usual_bands(array[p_as_of]) as b where b.weeks >= 2
  ), judged as (
    select
      w.name, w.figure, w.comparison, w.threshold, w.area, f.value, b.low, b.high,
      coalesce(w.for_at_least, case when w.threshold is null then v_settings.below_usual_for else interval '0' end) as for_at_least,
      -- An instant that the clock has not reached was wrong.
      case when w.true_since is not null then least(w.true_since, p_as_of) end as true_since,
      case when w.false_since is not null then least(w.false_since, p_as_of) end as false_since,
      case
        when w.area is not null and not exists (select from public.vessel_activity_area as r where r.name = w.area) then false
        when w.comparison = 'below' then f.value < coalesce(w.threshold, b.low * (1 - v_settings.below_usual_by))
        else f.value > coalesce(w.threshold, b.high * (1 + v_settings.below_usual_by))
      end as is_true
    from vessel_activity.watch as w
    left join figure as f on f.figure = w.figure and f.area is not distinct from w.area
    left join band as b on b.figure = w.figure and w.threshold is null
  ), stepped as materialized (
    select
      j.name, j.figure, j.comparison, j.threshold, j.area, j.value, j.low, j.high, j.for_at_least, j.is_true,
      case when j.is_true then coalesce(j.true_since, p_as_of) when j.is_true is null then j.true_since end as true_since,
      case when not j.is_true then coalesce(j.false_since, p_as_of) when j.is_true is null then j.false_since end as false_since,
      a.id as alert_id, a.since, c.clear_after
    from judged as j
    left join vessel_activity.alert as a on a.name = j.name and a.cleared_at is null
    cross join lateral (
      select least(v_settings.alert_clear_after * power(2, least(greatest(count(*) - 1, 0), 10)), interval '1 hour') as clear_after
      from (
        select from vessel_activity.alert as e
        where e.name = j.name and e.raised_at > p_as_of - interval '1 hour'
        limit 11
      ) as lately
    ) as c
  ), kept as (
    update vessel_activity.watch as w
    set true_since = s.true_since, false_since = s.false_since
    from stepped as s
    where w.name = s.name and (w.true_since, w.false_since) is distinct from (s.true_since, s.false_since)
  ), raised as (
    insert into vessel_activity.alert (
      name, figure, comparison, threshold, usual_low, usual_high, area, value, since, raised_at, text
    )
    select s.name, s.figure, s.comparison, s.threshold, s.low, s.high, s.area, s.value, s.true_since, p_as_of,
      vessel_activity.alert_text(s.name, s.area, s.figure, s.comparison, s.value, s.threshold, s.low, s.high)
    from stepped as s
    where s.alert_id is null and s.is_true and s.true_since <= p_as_of - s.for_at_least
    order by s.name
    returning id, text
  ), cleared as (
    update vessel_activity.alert as a
    set cleared_at = greatest(p_as_of, a.raised_at)
    from stepped as s
    where a.id = s.alert_id and not s.is_true and s.false_since <= p_as_of - s.clear_after
    returning a.id, vessel_activity.cleared_text(a.name, a.since, s.false_since) as text
  ), events as (
    insert into vessel_activity.alert_event (alert_id, event, text)
    select r.id, 'raised', r.text from raised as r
    union all
    select c.id, 'cleared', c.text from cleared as c
    returning 1
  )
  select count(*) into v_events from events;

  if v_events > 0 then
    update vessel_activity.watching set revision = revision + 1;
    delete from vessel_activity.alert as a where a.cleared_at < p_as_of - v_settings.alert_retention;
  end if;
  return true;
end
$$;

comment on function vessel_activity.evaluate_watch(timestamptz, boolean) is
  'Evaluates the rules of vessel_activity.watch as of p_as_of, and raises and clears alerts. Returns false if another session is doing so. p_looks: looks up the newest report now; else it is that of the last refresh.';
