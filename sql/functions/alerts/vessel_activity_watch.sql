-- Makes a rule, or replaces the one of that name. An open alert of the rule stays open until its new condition is false.
-- Raises invalid_parameter_value (22023) for what no rule can be, and undefined_object (42704) for an unknown area.
create or replace function public.vessel_activity_watch(
  p_name text,
  p_figure text,
  p_comparison text,
  p_threshold numeric default null,
  p_for interval default null,
  p_area text default null
)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_figure record;
begin
  if p_name is null or p_name <> btrim(p_name) or length(p_name) not between 1 and 100 or p_name ~ '[[:cntrl:]]' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('%L can''t be the name of a rule', p_name),
      hint = 'Use 1 to 100 characters, with no blank at either end and no control characters.';
  end if;
  select f.* into v_figure from vessel_activity.watchable_figures() as f
  where f.figure = p_figure and case when p_area is null then f.is_of_all else f.is_of_areas end;
  if v_figure.figure is null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('unknown figure %L%s', p_figure, case when p_area is null then '' else ' of an area' end),
      hint = 'Use one of: ' || (
        select string_agg(f.figure, ', ') from vessel_activity.watchable_figures() as f
        where case when p_area is null then f.is_of_all else f.is_of_areas end) || '.';
  end if;
  if p_comparison is null or p_comparison not in ('above', 'below') then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('unknown comparison %L', p_comparison),
      hint = 'Use above or below.';
  end if;
  if p_threshold is null and (not v_figure.has_usual or p_area is not null) then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('nothing is known about what is usual for %s%s', p_figure, case when p_area is null then '' else ' of an area' end),
      hint = 'Name a threshold. What is usual is known of all vessels for: ' || (
        select string_agg(f.figure, ', ') from vessel_activity.watchable_figures() as f where f.has_usual) || '.';
  end if;
  if p_threshold in ('NaN', 'Infinity', '-Infinity') then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('%s can''t be a threshold', p_threshold),
      hint = 'Use a number.';
  end if;
  if p_for not between interval '0' and interval '7 days' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('a condition can''t be watched for %s', p_for),
      hint = 'Use an interval from 0 to 7 days.';
  end if;
  if p_area is not null and not exists (select from public.vessel_activity_area as a where a.name = p_area) then
    raise exception using
      errcode = 'undefined_object',
      message = format('there is no area %L', p_area),
      hint = 'Correct the name: select name from public.vessel_activity_area.';
  end if;

  insert into vessel_activity.watch as w (name, figure, comparison, threshold, for_at_least, area)
  values (p_name, p_figure, p_comparison, p_threshold, p_for, p_area)
  on conflict (name) do update set
    figure = excluded.figure,
    comparison = excluded.comparison,
    threshold = excluded.threshold,
    for_at_least = excluded.for_at_least,
    area = excluded.area,
    true_since = null,
    false_since = null;
  return format('%s: an alert is raised when %s%s is %s %s for %s', p_name, p_figure, coalesce(' of ' || p_area, ''), p_comparison,
    coalesce(trim_scale(p_threshold)::text, 'usual'), coalesce(p_for, (
      select case when p_threshold is null then s.below_usual_for else interval '0' end from vessel_activity.settings as s)));
end
$$;

comment on function public.vessel_activity_watch(text, text, text, numeric, interval, text) is
  'Makes a rule that raises alerts, or replaces the one of that name, and returns a sentence that says what it does. p_figure: see vessel_activity.watchable_figures(). p_comparison: above or below. p_threshold: in the unit of the figure; NULL: what is usual for the hour of the week. p_for: how long the condition must be true; NULL: settings.below_usual_for if compared with what is usual, else 0. p_area: name of an area; NULL: all vessels. Example: select public.vessel_activity_watch(''Few vessels'', ''active_now'', ''below'', 3000, interval ''10 minutes'').';
