-- Whether as many vessels are active as usual: see below_usual_at. Says nothing if the history can't tell.
create or replace function vessel_activity.check_usual()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_active record;
  v_weeks text;
  v_others text;
begin
  check_name := 'usual';
  state := 'ok';
  select u.weeks, u.low, u.high into strict v_active from vessel_activity.usual_at(v_now) as u where u.figure = 'active_now';
  if v_active.weeks = 0 then
    detail := 'nothing is known about what is usual: the history has no earlier week';
    return next;
    return;
  end if;
  detail := format('usual for this hour of the week are %s to %s active vessels (%s)', v_active.low, v_active.high,
    case v_active.weeks when 1 then '1 week' else v_active.weeks || ' weeks' end);
  if v_active.weeks = 1 then
    detail := detail || '; from 2 weeks on, this check warns if fewer are active';
  end if;

  select b.* into strict v_active from vessel_activity.below_usual_at(v_now) as b where b.figure = 'active_now';
  if v_active.is_below then
    select string_agg(b.figure, ', ') into v_others
    from vessel_activity.below_usual_at(v_now) as b where b.is_below and b.figure <> 'active_now';
    state := 'warn';
    detail := format('%s vessels are active, which is below usual for %s or longer; %s', v_active.value,
      (select s.below_usual_for from vessel_activity.settings as s), detail);
    if v_others is not null then
      detail := detail || '; also below usual: ' || v_others;
    end if;
    hint := 'See whether a part of the feed is missing: compare the sources, and the checks of the feeds. If it is right that fewer vessels are active, raise settings.below_usual_by.';
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_usual() is
  'Whether as many vessels are active now as usual for this hour of the week, in one row like those of public.vessel_activity_status().';
