-- The history as CSV for people: see vessel_activity.history_csv.
-- Raises invalid_parameter_value (22023) for an unknown range.
create or replace function public.vessel_activity_history_csv(
  p_range text,
  p_as_of timestamptz default null
)
returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.history_csv(p_range, p_as_of)
$$;

comment on function public.vessel_activity_history_csv(text, timestamptz) is
  'The history of a range, see public.vessel_activity_history(), as CSV text, one line for each sample with the minimum and maximum of its step, times in UTC. A field is empty if nothing was heard, because the number is unknown then.';
