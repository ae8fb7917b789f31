-- The history for people: see vessel_activity.history_steps.
-- Raises invalid_parameter_value (22023) for an unknown range.
create or replace function public.vessel_activity_history(
  p_range text,
  p_as_of timestamptz default null
)
returns table (
  step_at timestamptz,
  sampled_at timestamptz,
  active_now integer,
  active_last_hour integer,
  active_last_24h integer,
  total_vessels integer,
  positions_last_hour integer,
  speed_avg numeric,
  active_now_min integer,
  active_now_max integer,
  active_last_hour_min integer,
  active_last_hour_max integer,
  active_last_24h_min integer,
  active_last_24h_max integer,
  total_vessels_min integer,
  total_vessels_max integer,
  positions_last_hour_min integer,
  positions_last_hour_max integer,
  speed_avg_min numeric,
  speed_avg_max numeric
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select h.* from vessel_activity.history_steps(p_range, p_as_of) as h
$$;

comment on function public.vessel_activity_history(text, timestamptz) is
  'The history of 1h, 24h, 7d, 30d or 1y before p_as_of (NULL: now), or between two instants with a slash between them, in at most 500 rows: the newest sample of each step, and the minimum and maximum of the step. With 1y, and in steps of an hour or more between two instants: the mean of the means of the hours. If a step has no sample, sampled_at and the numbers are NULL. Examples: select * from public.vessel_activity_history(text ''24h''); select * from public.vessel_activity_history(text ''2026-01-31T12:00Z/2026-02-01T12:00Z'').';
