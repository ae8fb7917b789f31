-- Adds the positions of the landed reports to the recording that a replay plays, one for each MMSI and time.
create or replace function vessel_activity.load_recording()
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_loaded bigint;
begin
  insert into vessel_activity.recording (reported_at, mmsi, latitude, longitude, speed, course)
  select distinct on (r.mmsi, r.reported_at) r.reported_at, r.mmsi, r.latitude, r.longitude,
    vessel_activity.known_speed(r.speed), vessel_activity.known_course(r.course)
  from vessel_activity.landing as r
  order by r.mmsi, r.reported_at, r.line_number
  on conflict (reported_at, mmsi) do nothing;
  get diagnostics v_loaded = row_count;
  return v_loaded;
end
$$;

comment on function vessel_activity.load_recording() is
  'Adds the positions of the landed reports to vessel_activity.recording, one for each MMSI and time. Returns their number.';
