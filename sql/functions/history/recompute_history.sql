-- Repairs history and figures after positions were written late. The demo and a replay write such positions when
-- they are started again.
-- Deletes all samples and hours after p_late_from, because they were taken while positions were missing. That includes samples after
-- p_until: the positions are committed a little later. The history before p_late_from stays; only missing samples are added.
create or replace function vessel_activity.recompute_history(p_late_from timestamptz, p_until timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform vessel_activity.forget_history(p_late_from);
  perform vessel_activity.backfill_history(least(p_late_from, p_until - interval '24 hours'), p_until, interval '1 minute');
  perform vessel_activity.refresh_now();
end
$$;

comment on function vessel_activity.recompute_history(timestamptz, timestamptz) is
  'For positions that were written late: deletes the samples after p_late_from, computes the missing samples of at least the 24 hours before p_until from the positions, and refreshes. Raises the errors of backfill_history() and refresh_now().';
