-- Stores the figures of the areas. The caller holds the refresh lock.
create or replace function vessel_activity.store_areas(p_as_of timestamptz, p_areas vessel_activity.area_figures[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if cardinality(p_areas) > 0 then
    insert into vessel_activity.area_figures as f
    select a.* from unnest(p_areas) as a
    where exists (select from public.vessel_activity_area as o where o.id = a.area) -- or it has just been removed
    on conflict (area) do update set
      as_of = excluded.as_of,
      since = excluded.since,
      active_now = excluded.active_now,
      active_last_hour = excluded.active_last_hour,
      active_last_24h = excluded.active_last_24h,
      entered = excluded.entered,
      departed = excluded.departed,
      mean_speed = excluded.mean_speed,
      types = excluded.types;
    perform vessel_activity.record_areas(p_as_of);
  end if;
end
$$;

comment on function vessel_activity.store_areas(timestamptz, vessel_activity.area_figures[]) is
  'Stores the figures of the areas as of p_as_of in vessel_activity.area_figures, and the samples of their hour.';
