-- Returns at most 500 points: the newest sample of each step. Steps begin at whole multiples of their length since 1970, so
-- the points do not move from one call to the next. A step without a sample gives a row of NULLs, so a gap stays a gap.
-- p_as_of, the end of the range, is for tests.
-- Raises invalid_parameter_value (22023) for an unknown range.
create or replace function vessel_activity.history_steps(
  p_range text,
  p_as_of timestamptz
)
returns table (
  step_at timestamptz,
  sampled_at timestamptz,
  active_now integer,
  active_last_hour integer,
  active_last_24h integer,
  total_vessels integer,
  positions_last_hour integer,
  speed_avg numeric
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_to constant timestamptz := coalesce(p_as_of, clock_timestamp());
  v_length interval;
  v_step interval;
begin
  select r.length, r.step into v_length, v_step
  from (values
    ('1h', interval '1 hour', interval '1 minute'),
    ('24h', interval '24 hours', interval '3 minutes'),
    ('7d', interval '168 hours', interval '21 minutes'),
    ('30d', interval '720 hours', interval '90 minutes')
  ) as r (name, length, step)
  where r.name = p_range;
  if not found then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('there is no range %L', p_range),
      hint = 'Use 1h, 24h, 7d or 30d.';
  end if;

  return query
    with newest as (
      select distinct on (s.step_at) s.step_at, h.*
      from vessel_activity.history as h
      cross join lateral date_bin(v_step, h.minute, 'epoch') as s (step_at)
      where h.minute > date_bin(v_step, v_to - v_length, 'epoch') and h.minute <= v_to
      order by s.step_at, h.minute desc
    )
    select
      g.step_at, n.sampled_at, n.active_now, n.active_last_hour, n.active_last_24h, n.total_vessels,
      n.positions_last_hour, n.speed_avg
    from generate_series(date_bin(v_step, v_to - v_length, 'epoch') + v_step, v_to, v_step) as g (step_at)
    left join newest as n on n.step_at = g.step_at
    order by g.step_at;
end
$$;

comment on function vessel_activity.history_steps(text, timestamptz) is
  'The history of the last 1h, 24h, 7d or 30d before p_as_of (NULL: now), in at most 500 rows: the newest sample of each step. If a step has no sample, sampled_at and the numbers are NULL.';
