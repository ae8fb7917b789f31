-- Writes the reports that have become due since the last call, and deletes reports that are more than 26 hours old.
create or replace function vessel_activity_demo.step()
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_after timestamptz;
  v_until constant timestamptz := clock_timestamp();
  v_reports bigint;
begin
  select c.reported_until into strict v_after from vessel_activity_demo.clock as c for update;
  insert into public.vessel_positions ("vesselId", "timestamp", latitude, longitude, speed, course)
  select r.vessel_id, r.reported_at, r.latitude, r.longitude, r.speed, r.course
  from vessel_activity_demo.reports(v_after, v_until) as r;
  get diagnostics v_reports = row_count;

  delete from public.vessel_positions as p
  using vessel_activity_demo.fleet as f
  where p."vesselId" = f.vessel_id and p."timestamp" < v_until - interval '26 hours';
  update vessel_activity_demo.clock set reported_until = v_until;
  return v_reports;
end
$$;

comment on function vessel_activity_demo.step() is
  'Writes the simulated reports that have become due since the last call, and returns their number. Deletes those that are more than 26 hours old.';
