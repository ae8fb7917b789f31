-- The part of a member by the definition: public.vessel_activity_at() on a combining database adds these up.
create or replace function vessel_activity.member_definition(p_as_of timestamptz, p_with_vessels boolean default false)
returns json
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('node', vessel_activity.node_id(), 'part', vessel_activity.part_at(p_as_of),
    'has_shards', vessel_activity.followed_shards() is not null,
    'vessels', case when p_with_vessels then vessel_activity.vessel_lists(p_as_of, false) end)
$$;

comment on function vessel_activity.member_definition(timestamptz, boolean) is
  'Tells a combining database the part of this one as of p_as_of, computed from the source tables alone; has_shards says whether it follows shards of Citus; with p_with_vessels also vessels (see vessel_activity.vessel_lists()).';
