-- The areas in which the vessels of this database are counted: its own, and those of combining databases that ask it. They share
-- their numbers, so all that follows from shapes knows no difference.
create or replace function vessel_activity.known_areas()
returns setof integer
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select a.id from public.vessel_activity_area as a
  union all
  select k.id from vessel_activity.asked_area as k
$$;

comment on function vessel_activity.known_areas() is
  'Numbers of all areas: vessel_activity_area.id and asked_area.id.';
