-- Removes the areas of combining databases that have not asked for a day. They cost every document of this database a little.
-- If somebody puts an area at this moment, the next call does it.
create or replace function vessel_activity.forget_askers()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from vessel_activity.area_asker as k where k.asked_at < clock_timestamp() - interval '1 day') then
    return;
  end if;
  perform from vessel_activity.area_revision for update skip locked;
  if not found then
    return;
  end if;
  perform vessel_activity.drop_asked_area(a.id)
  from vessel_activity.area_asker as k
  join vessel_activity.asked_area as a on a.combiner = k.combiner
  where k.asked_at < clock_timestamp() - interval '1 day';
  delete from vessel_activity.area_asker as k where k.asked_at < clock_timestamp() - interval '1 day';
end
$$;

comment on function vessel_activity.forget_askers() is
  'Removes the areas of combining databases that have not asked this one for a day.';
