-- The body of GET /api/database/vessel-stats-cached.
create or replace function vessel_activity.figures_json(p_row public.vessel_activity_realtime)
returns text
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
  select json_build_object(
    'activeNow', p_row.active_now,
    'activeLastHour', p_row.active_last_hour,
    'activeLast24h', p_row.active_last_24h,
    'totalVessels', p_row.total_vessels,
    'positionsLastHour', p_row.positions_last_hour,
    'vesselTypes', p_row.vessel_types,
    'topFlags', p_row.top_flags,
    'speedAvg', trim_scale(p_row.speed_avg),
    'updatedAt', vessel_activity.iso_instant(p_row.updated_at)
  )::text
$$;

comment on function vessel_activity.figures_json(public.vessel_activity_realtime) is
  'A row of figures as the JSON text of the API: nine camelCase keys, updatedAt in UTC with milliseconds.';
