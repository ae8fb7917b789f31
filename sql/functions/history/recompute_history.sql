-- Gives positions that were written after their time a history and current figures. The samples after p_late_from are
-- deleted first: they were taken while the positions were missing, such as the zeros of a fresh database.
create or replace function vessel_activity.recompute_history(p_late_from timestamptz, p_until timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from vessel_activity.history as h where h.sampled_at > p_late_from;
  perform public.vessel_activity_backfill_history(least(p_late_from, p_until - interval '24 hours'), p_until);
  perform public.refresh_vessel_activity();
end
$$;

comment on function vessel_activity.recompute_history(timestamptz, timestamptz) is
  'Computes the history anew from p_late_from to p_until, at least the 24 hours before p_until, and refreshes. For positions that were written after their time. Raises what vessel_activity_backfill_history() and refresh_vessel_activity() raise.';
