-- Reads a range of the history: 1h, 24h, 7d, 30d or 1y up to p_as_of, or two instants with a slash between them, as in ISO
-- 8601. An instant without a time zone is UTC. Steps are whole multiples of their length since 1970, so the points do not
-- move from one call to the next. There are at most 500.
-- Steps of an hour or more between two instants are made from hours. So are those of a range that begins before the samples,
-- if there are hours.
-- Raises invalid_parameter_value (22023) for a range that can't be read or is longer than five years.
create or replace function vessel_activity.history_period(
  p_range text,
  p_as_of timestamptz,
  out first_at timestamptz,
  out until timestamptz,
  out step interval,
  out is_hourly boolean
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
  v_from timestamptz;
  v_to timestamptz;
begin
  select date_bin(r.step, p_as_of - r.length, 'epoch') + r.step, p_as_of, r.step, r.is_hourly
  into first_at, until, step, is_hourly
  from (values
    ('1h', interval '1 hour', interval '1 minute', false),
    ('24h', interval '24 hours', interval '3 minutes', false),
    ('7d', interval '168 hours', interval '21 minutes', false),
    ('30d', interval '720 hours', interval '90 minutes', false),
    ('1y', interval '8760 hours', interval '24 hours', true)
  ) as r (name, length, step, is_hourly)
  where r.name = p_range;
  if found then
    return;
  end if;

  begin
    if p_range ~ '^[^/]+/[^/]+$' then
      v_from := split_part(p_range, '/', 1)::timestamptz;
      v_to := split_part(p_range, '/', 2)::timestamptz;
    end if;
  exception when invalid_datetime_format or datetime_field_overflow or invalid_parameter_value then
    v_from := null;
  end;
  if v_from is null or v_to is null or not isfinite(v_from) or not isfinite(v_to) then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('there is no range %L', p_range),
      hint = 'Use 1h, 24h, 7d, 30d or 1y, or two instants such as 2026-01-31T12:00Z/2026-02-01T12:00Z.';
  elsif v_from >= v_to or v_to > v_from + interval '5 years' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('the range %L can''t be used', p_range),
      hint = 'Give the earlier instant first, and a range of at most five years.';
  end if;

  select make_interval(mins => s.minutes) into step
  from unnest(array[1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440, 2880, 5760]) as s (minutes)
  where v_to - v_from <= make_interval(mins => 499 * s.minutes)
  order by s.minutes
  limit 1;
  is_hourly := step >= interval '1 hour' or exists (
    select from vessel_activity.history_hour as o
    where o.hour >= date_bin('1 hour', v_from, 'epoch') and o.hour < v_to
      and o.hour < (select coalesce(date_bin('1 hour', min(h.minute), 'epoch'), 'infinity') from vessel_activity.history as h));
  if is_hourly then
    step := greatest(step, interval '1 hour');
  end if;
  first_at := date_bin(step, v_from, 'epoch');
  until := date_bin(step, v_to - interval '1 microsecond', 'epoch') + step - interval '1 microsecond';
end
$$;

comment on function vessel_activity.history_period(text, timestamptz) is
  'The points of a range of the history (1h, 24h, 7d, 30d, 1y, or two instants with a slash between them). first_at: the beginning of the first step. until: the end of the range. step: length of a step. is_hourly: the points are made from hours, not from samples.';
