-- Keeps the first figures of each hour as a sample, and deletes samples of more than 90 days. Most refreshes find the sample of
-- their hour, which costs one probe.
create or replace function vessel_activity.record_areas(p_as_of timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hour constant timestamptz := date_bin('1 hour', p_as_of, 'epoch');
begin
  if exists (
    select from vessel_activity.area_figures as f
    where f.as_of = p_as_of and not exists (
      select from vessel_activity.area_history as h where h.area = f.area and h.hour = v_hour)
  ) then
    insert into vessel_activity.area_history (
      area, hour, sampled_at, active_now, active_last_hour, active_last_24h, entered, departed, mean_speed
    )
    select f.area, v_hour, f.as_of, f.active_now, f.active_last_hour, f.active_last_24h, f.entered, f.departed, f.mean_speed
    from vessel_activity.area_figures as f
    where f.as_of = p_as_of
    on conflict do nothing;
    delete from vessel_activity.area_history as h where h.hour < p_as_of - interval '90 days';
  end if;
end
$$;

comment on function vessel_activity.record_areas(timestamptz) is
  'Keeps the figures of the areas as of p_as_of as the samples of their hour, if there are none yet, and deletes samples of more than 90 days.';
