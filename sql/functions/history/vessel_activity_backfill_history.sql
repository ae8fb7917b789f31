-- Fills the history for people: see vessel_activity.backfill_history.
-- Raises invalid_parameter_value (22023) for arguments that make no sense, and insufficient_privilege (42501) if row-level
-- security would hide rows.
create or replace function public.vessel_activity_backfill_history(
  p_from timestamptz,
  p_to timestamptz,
  p_step interval default '1 minute'
)
returns bigint
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.backfill_history(p_from, p_to, p_step)
$$;

comment on function public.vessel_activity_backfill_history(timestamptz, timestamptz, interval) is
  'Fills the history between two instants from the positions: one sample for each p_step (whole minutes), each equal to public.vessel_activity_at() of its instant. Where settings.history_retention keeps no samples, but settings.hour_retention keeps hours, it fills the hours. Returns the number of new samples and of such hours. Existing ones are kept. Nothing is written for the time before the first position. Example: select public.vessel_activity_backfill_history(now() - interval ''1 day'', now()).';
