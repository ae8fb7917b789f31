-- Changes with every area that is put or removed. So a member knows without any shape whether it has the areas of the combining
-- database as they are.
create or replace function vessel_activity.areas_key()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select concat_ws('/', r.revision, (select extract(epoch from max(a.put_at)) from public.vessel_activity_area as a))
  from vessel_activity.area_revision as r
$$;

comment on function vessel_activity.areas_key() is
  'Which revision of its areas this database has.';
