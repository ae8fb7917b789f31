-- Keeps the first refreshed row of each minute as a sample of the history, and deletes samples older than
-- settings.history_retention. Most refreshes find a sample of their minute, which costs one probe of the primary key.
create or replace function vessel_activity.record_history(p_row public.vessel_activity_realtime)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_minute timestamptz := date_bin('1 minute', p_row.updated_at, 'epoch');
begin
  if v_minute is null or exists (select from vessel_activity.history as h where h.minute = v_minute) then
    return false;
  end if;

  insert into vessel_activity.history (
    minute, sampled_at, active_now, active_last_hour, active_last_24h, total_vessels, positions_last_hour, speed_avg
  )
  values (
    v_minute, p_row.updated_at, p_row.active_now, p_row.active_last_hour, p_row.active_last_24h,
    p_row.total_vessels, p_row.positions_last_hour, p_row.speed_avg
  )
  on conflict do nothing;

  delete from vessel_activity.history as h
  where h.minute < p_row.updated_at - (select s.history_retention from vessel_activity.settings as s);
  return true;
end
$$;

comment on function vessel_activity.record_history(public.vessel_activity_realtime) is
  'Keeps p_row as the sample of its minute if there is none yet, and deletes samples older than settings.history_retention. Returns whether p_row was kept.';
