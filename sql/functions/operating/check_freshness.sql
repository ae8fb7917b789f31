-- Whether the cached row is fresh, by the rule of stale_at. If it is not, looks for a session that keeps others from
-- refreshing.
create or replace function vessel_activity.check_freshness()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_interval interval;
  v_updated_at timestamptz;
  v_age interval;
  v_stale_at timestamptz;
  v_holder record;
begin
  select s.refresh_interval into strict v_interval from vessel_activity.settings as s;
  select r.updated_at into v_updated_at from public.vessel_activity_realtime as r where r.id = 'singleton';
  v_age := date_trunc('milliseconds', clock_timestamp() - v_updated_at);

  check_name := 'freshness';
  if v_updated_at is null then
    state := 'fail';
    detail := 'there is no cached row: no refresh has succeeded yet';
    hint := 'Run select public.refresh_vessel_activity(). Then see the checks refresher and pg_cron: refreshes must run regularly.';
  elsif v_age < - interval '1 second' then
    state := 'fail';
    detail := format('the cached row is from %s, which is in the future: the clock of the database server was set back', v_updated_at);
    hint := case
      when clock_timestamp() < timestamptz '2024-01-01 00:00+00' then 'Set the clock of the database server right.'
      else 'Wait for the next refresh, which writes the row anew. Or run select public.refresh_vessel_activity().'
    end;
  else
    detail := format('the cached row is %s old; the refresh interval is %s', v_age, v_interval);
    v_stale_at := vessel_activity.stale_at(v_updated_at, v_interval);
    if v_stale_at > clock_timestamp() then
      state := 'ok';
      if vessel_activity.promised_until() > clock_timestamp() then
        detail := detail || '; a refresh is running';
      end if;
    else
      state := 'fail';
      select h.* into v_holder from vessel_activity.refresh_lock_holder() as h;
      hint := case
        when v_holder.pid is null then 'See the checks refresher and pg_cron: refreshes are late or have stopped.'
        else format('End session %s, which keeps all others from refreshing (its transaction began at %s): select pg_terminate_backend(%1$s). See the check refresher.',
          v_holder.pid, coalesce(v_holder.began_at::text, 'an unknown time'))
      end;
    end if;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_freshness() is
  'Whether the cached row is as new as the refresh interval demands, in one row like those of public.vessel_activity_status().';
