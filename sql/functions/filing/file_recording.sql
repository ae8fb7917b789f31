-- Adds the positions of a batch to the recording that a replay plays, one for each MMSI and second.
create or replace function vessel_activity.file_recording(p_reports vessel_activity.report[])
returns bigint[]
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  with wanted as (
    select distinct on (r.mmsi, r.reported_at)
      r.mmsi, r.reported_at, r.latitude, r.longitude, r.speed, r.course, r.place
    from unnest(p_reports) with ordinality
      as r (number, reason, kind, mmsi, reported_at, latitude, longitude, speed, course, name, type_code, raw, place)
    where r.reason is null and not vessel_activity.is_static(r.kind, r.latitude, r.longitude)
    order by r.mmsi, r.reported_at, r.place
  ),
  added as (
    insert into vessel_activity.recording (reported_at, mmsi, latitude, longitude, speed, course)
    select w.reported_at, w.mmsi, w.latitude, w.longitude, vessel_activity.known_speed(w.speed), vessel_activity.known_course(w.course)
    from wanted as w
    on conflict (reported_at, mmsi) do nothing
    returning mmsi, reported_at
  )
  select array_agg(w.place) from wanted as w join added as a on a.mmsi = w.mmsi and a.reported_at = w.reported_at
$$;

comment on function vessel_activity.file_recording(vessel_activity.report[]) is
  'Adds the positions of the reports to vessel_activity.recording, one for each MMSI and second. Returns the places of their reports in p_reports.';
