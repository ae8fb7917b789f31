-- Writes the last reports of the vessels in a fold. The rows are found by their place in the table: only refreshes write it, and
-- new_reports() has just read it, so no row has moved since. A join by the id would take several times as long.
create or replace function vessel_activity.update_last_report(
  p_row_ids tid[],
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
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_sets integer[];
begin
  if cardinality(p_vessel_ids) is null then
    return;
  end if;
  v_sets := vessel_activity.area_sets(p_longitudes, p_latitudes);

  update vessel_activity.last_report as s
  set seen_at = v.seen_at, latitude = v.latitude, longitude = v.longitude, speed = v.speed, arrived_at = v.arrived_at,
    area_set = v.area_set
  from unnest(p_row_ids, p_seen_ats, p_latitudes, p_longitudes, p_speeds, p_arrived_ats, v_sets)
    as v (row_id, seen_at, latitude, longitude, speed, arrived_at, area_set)
  where s.ctid = v.row_id;

  if array_position(p_row_ids, null) is not null then
    insert into vessel_activity.last_report (vessel_id, seen_at, latitude, longitude, speed, arrived_at, area_set)
    select v.vessel_id, v.seen_at, v.latitude, v.longitude, v.speed, v.arrived_at, v.area_set
    from unnest(p_row_ids, p_vessel_ids, p_seen_ats, p_latitudes, p_longitudes, p_speeds, p_arrived_ats, v_sets)
      as v (row_id, vessel_id, seen_at, latitude, longitude, speed, arrived_at, area_set)
    where v.row_id is null;
  end if;
end
$$;

comment on function vessel_activity.update_last_report(tid[], anyarray, timestamptz[], double precision[], double precision[], double precision[], timestamptz[]) is
  'Writes the given rows of last_report, as new_reports() gives them.';
