-- Files the reports of a batch: adds or updates their vessels, and adds their positions. Says of each report what became of it.
-- Loads and feeds share this function; they differ in what they count.
-- p_to_recording: the positions are kept for a replay instead.
-- The caller has called lock_vessels(), and has set TimeZone to UTC for columns without time zone.
create or replace function vessel_activity.file_reports(
  p_reports vessel_activity.report[],
  p_to_recording boolean default false,
  out p_outcomes text[],
  out p_vessels_new bigint,
  out p_vessels_updated bigint
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_missing integer[];
  v_added bigint[];
  v_dropped bigint[];
begin
  select v.p_new, v.p_updated, v.p_missing into p_vessels_new, p_vessels_updated, v_missing
  from vessel_activity.file_vessels(p_reports) as v;

  if p_to_recording then
    v_added := vessel_activity.file_recording(p_reports);
  else
    select f.p_added, f.p_dropped into v_added, v_dropped from vessel_activity.file_positions(p_reports) as f;
  end if;

  p_outcomes := array(
    select case
      when r.reason in ('position', 'duplicate', 'static') then 'rejected: ' || r.reason -- a reason that looks like an outcome
      when r.reason is not null then r.reason
      when r.mmsi = any (v_missing) then 'vessel not stored by ' || vessel_activity.actual_table('vessels')
      when vessel_activity.is_static(r.kind, r.latitude, r.longitude) then 'static'
      when a.place is not null then 'position'
      when r.place = any (v_dropped) then 'position not stored by ' || vessel_activity.actual_table('vessel_positions')
      else 'duplicate'
    end
    from unnest(p_reports) with ordinality
      as r (number, reason, kind, mmsi, reported_at, latitude, longitude, speed, course, name, type_code, raw, place)
    left join unnest(v_added) as a (place) on a.place = r.place
    order by r.place
  );
end
$$;

comment on function vessel_activity.file_reports(vessel_activity.report[], boolean) is
  'Adds or updates the vessels of the reports and adds their positions. p_outcomes: for each report position (added), duplicate, static (no position in it), or the reason why it was rejected.';
