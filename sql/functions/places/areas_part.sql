-- The part areas of the document. Every open page gets it, so it has the 100 areas with the most vessels;
-- GET /api/database/vessel-activity/areas has them all.
create or replace function vessel_activity.areas_part(p_as_of timestamptz, p_from_state boolean)
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_has_members constant boolean := vessel_activity.has_members();
  v_areas vessel_activity.area_figures[];
begin
  -- store_areas has stored the figures of this instant, from the state or by the definition. On a combining database they may be of
  -- an instant before: see refresh_details.
  v_areas := array(
    select f from vessel_activity.area_figures as f
    where f.as_of = p_as_of or v_has_members and f.as_of between p_as_of - interval '5 minutes' and p_as_of);
  if not p_from_state and cardinality(v_areas) = 0 and not v_has_members then
    v_areas := array(select f from vessel_activity.areas_at(p_as_of) as f);
  end if;
  return array_to_json(array(
    select t
    from (
      select a.name, f.active_now as "activeNow", f.active_last_hour as "activeLastHour", f.active_last_24h as "activeLast24h",
        f.entered, f.departed as "left", f.mean_speed as "meanSpeed", f.types
      from unnest(v_areas) as f
      join public.vessel_activity_area as a on a.id = f.area
      order by f.active_now desc, f.active_last_24h desc, a.name collate "C"
      limit 100
    ) as t
  ));
end
$$;

comment on function vessel_activity.areas_part(timestamptz, boolean) is
  'Part areas of the document as of p_as_of: an array of {name, activeNow, activeLastHour, activeLast24h, entered, left, meanSpeed, types}, most active now first, at most 100. p_from_state: only what a refresh has stored for this instant, not by the definition.';
