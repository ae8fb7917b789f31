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
  speed_avg numeric
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select h.* from vessel_activity.history_steps(p_range, p_as_of) as h
$$;

comment on function public.vessel_activity_history(text, timestamptz) is
  'The history of the last 1h, 24h, 7d or 30d before p_as_of (NULL: now), in at most 500 rows: the newest sample of each step. If a step has no sample, sampled_at and the numbers are NULL. Example: select * from public.vessel_activity_history(text ''24h'').';
