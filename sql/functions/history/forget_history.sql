-- Deletes the history after an instant, because it is wrong: the clock was ahead, or positions were missing. The hour of the
-- instant is computed anew, unless its samples were deleted because of their age.
-- Raises lock_not_available (55P03) if another session rolls up hours for longer than lock_timeout.
create or replace function vessel_activity.forget_history(p_after timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from vessel_activity.history as h
  where h.minute >= date_bin('1 minute', p_after, 'epoch') and h.sampled_at > p_after;
  delete from vessel_activity.history_hour as o where o.hour > p_after;
  perform vessel_activity.roll_up_history(p_after, 'infinity');
end
$$;

comment on function vessel_activity.forget_history(timestamptz) is
  'Deletes the samples and the hours after p_after.';
