-- Ends a refresh to which members did not answer. Its row would be too small, so the row stays as it is, and becomes out of date.
-- What the refresh has folded into the state stays folded. It is logged as a failed refresh. Whoever refreshes by hand gets a
-- warning; schedulers read the log.
create or replace function vessel_activity.give_up_refresh(p_started_at timestamptz, p_as_of timestamptz, p_by text, p_message text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform vessel_activity.log_failure(p_by, p_started_at, '08000', p_message);
  perform vessel_activity.promise_progress(interval '0');
  if p_by not in ('pg_cron', 'fallback') then
    raise warning using
      message = format('the row stays as it is: %s', p_message),
      hint = 'See the check members: select * from public.vessel_activity_status(). To store the sum of the others: update vessel_activity.settings set allow_missing_members = true.';
  end if;
end
$$;

comment on function vessel_activity.give_up_refresh(timestamptz, timestamptz, text, text) is
  'Logs that a refresh by p_by, begun at p_started_at, stored no row because members did not answer.';
