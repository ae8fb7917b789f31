-- Removes an area for people: see vessel_activity.remove_area, also for its lock.
-- Raises undefined_object (42704) if there is no such area.
create or replace function public.vessel_activity_area_remove(p_name text)
returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.remove_area(p_name)
$$;

comment on function public.vessel_activity_area_remove(text) is
  'Removes the area of that name, and the samples of its past.';
