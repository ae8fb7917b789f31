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
  'The history of 1h, 24h, 7d or 30d as JSON text: arrays of equal length for time (seconds since 1970) and for each number. A number is null if there is no sample or nothing was heard. compare holds the samples of an hour and of a day before the cached row.';
