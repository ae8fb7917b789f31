-- Keeps the first refreshed row of each minute as a sample of the history. The first sample of an hour completes the hour
-- before: that is rolled up, and what is too old is deleted. Most refreshes find a sample of their minute, which costs one
-- probe of the primary key. The others cost three more.
-- Waits for nobody: if another session rolls up hours, the sample of the next minute does what this one leaves.
create or replace function vessel_activity.record_history(p_row public.vessel_activity_realtime)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_minute constant timestamptz := date_bin('1 minute', p_row.updated_at, 'epoch');
  v_hour constant timestamptz := date_bin('1 hour', p_row.updated_at, 'epoch');
  v_complete timestamptz; -- the newest hour before that has samples
  v_from timestamptz; -- from where hours must be rolled up
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

  select date_bin('1 hour', max(h.minute), 'epoch') into v_complete from vessel_activity.history as h where h.minute < v_hour;
  if not exists (select from vessel_activity.history_hour as o where o.hour = v_complete) then
    select coalesce(max(o.hour), (select min(h.minute) from vessel_activity.history as h)) into v_from
    from vessel_activity.history_hour as o where o.hour < v_complete;
  elsif exists (select from vessel_activity.history as h where h.minute >= v_hour + interval '1 hour') then
    v_from := v_hour; -- the sample is late: its hour is over
  end if;
  if v_from is not null then
    begin
      lock table vessel_activity.history_hour in share update exclusive mode nowait;
      perform vessel_activity.roll_up_history(v_from, v_hour);
      perform vessel_activity.purge_history(p_row.updated_at);
    exception when lock_not_available then
      null;
    end;
  end if;
  return true;
end
$$;

comment on function vessel_activity.record_history(public.vessel_activity_realtime) is
  'Keeps p_row as the sample of its minute if there is none yet. Once an hour it rolls up the hour that is over, and deletes what is too old. Returns whether p_row was kept.';
