-- The history as JSON for people: see vessel_activity.history_json.
-- Raises invalid_parameter_value (22023) for an unknown range.
create or replace function public.vessel_activity_history_json(
  p_range text,
  p_as_of timestamptz default null
)
returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.history_json(p_range, p_as_of)
$$;

comment on function public.vessel_activity_history_json(text, timestamptz) is
  'The history of a range, see public.vessel_activity_history(), as JSON text: arrays of equal length for time (seconds since 1970) and for each number, and the same under toMin and toMax for how far the minimum of each step is below the number, and the maximum above it. A number is null if there is no sample or nothing was heard. compare holds the samples of an hour, a day and a week before the cached row.';
