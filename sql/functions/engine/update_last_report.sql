-- Writes the last reports of the vessels in a fold. Takes arrays, and plans for their length each time: the best join for
-- the vessels of one second is not the best for those of thirty seconds.
create or replace function vessel_activity.update_last_report(
  p_vessel_ids anyarray,
  p_seen_ats timestamptz[],
  p_latitudes double precision[],
  p_longitudes double precision[],
  p_speeds double precision[],
  p_arrived_ats timestamptz[]
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set random_page_cost = 1 -- the state is always in memory
as $$
declare
  v_known_ids p_vessel_ids%type;
begin
  if cardinality(p_vessel_ids) is null then
    return;
  end if;

  with known as (
    update vessel_activity.last_report as s
    set seen_at = v.seen_at, latitude = v.latitude, longitude = v.longitude, speed = v.speed, arrived_at = v.arrived_at
    from unnest(p_vessel_ids, p_seen_ats, p_latitudes, p_longitudes, p_speeds, p_arrived_ats)
      as v (vessel_id, seen_at, latitude, longitude, speed, arrived_at)
    where s.vessel_id = v.vessel_id
    returning s.vessel_id
  )
  select coalesce(array_agg(k.vessel_id), '{}') into v_known_ids from known as k;

  -- Compared with the vessels just updated and not with the table, which is larger.
  if cardinality(v_known_ids) < cardinality(p_vessel_ids) then
    insert into vessel_activity.last_report (vessel_id, seen_at, latitude, longitude, speed, arrived_at)
    select v.vessel_id, v.seen_at, v.latitude, v.longitude, v.speed, v.arrived_at
    from unnest(p_vessel_ids, p_seen_ats, p_latitudes, p_longitudes, p_speeds, p_arrived_ats)
      as v (vessel_id, seen_at, latitude, longitude, speed, arrived_at)
    where not exists (select from unnest(v_known_ids) as k (vessel_id) where k.vessel_id = v.vessel_id);
  end if;
end
$$;

comment on function vessel_activity.update_last_report(anyarray, timestamptz[], double precision[], double precision[], double precision[], timestamptz[]) is
  'Writes the given rows of last_report, as new_reports() gives them.';
