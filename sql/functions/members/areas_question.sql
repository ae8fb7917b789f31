-- What members are asked of areas. This database and its members compare with the same instant, so that those that have entered or
-- left can be added up: the one with which keep_areas() would compare here. They also keep the same instants.
create or replace function vessel_activity.areas_question(p_as_of timestamptz)
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select json_build_object(
    'combiner', vessel_activity.combiner_id(),
    'key', vessel_activity.areas_key(),
    'since', coalesce(
      max(p.as_of) filter (where p.as_of <= p_as_of - interval '1 hour' and p.as_of > p_as_of - interval '65 minutes'),
      p_as_of - interval '1 hour'),
    'keeps', not coalesce(bool_or(p.as_of > p_as_of - interval '5 minutes' and p.as_of <= p_as_of), false))
  from vessel_activity.area_revision as r
  left join vessel_activity.area_past as p on p.revision = r.revision
  where exists (select from public.vessel_activity_area)
$$;

comment on function vessel_activity.areas_question(timestamptz) is
  'What members are asked of areas with the document as of p_as_of: combiner (which database asks), key (see areas_key()), since (with which instant entered and departed compare) and keeps (whether to keep where vessels are). NULL if there are no areas.';
