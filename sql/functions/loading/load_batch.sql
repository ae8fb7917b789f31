-- Takes in one batch of lines. The functions of a load in their order:
--   load_start(); then load_batch() for each batch; load_end()
-- A batch is one statement, and so one transaction. If a load dies, its counts match the rows that it has added.
-- The counts say what the source tables have stored. A line whose vessel or position they have not stored is rejected.
-- Other loads, feeds and a replay may run at the same time: see lock_vessels().
-- SECURITY DEFINER: a role that may load needs no right on a table.
-- Raises object_not_in_prerequisite_state (55000) if the load is not running, and the errors of read_reports(), of
-- lock_vessels() and of the source tables.
create or replace function vessel_activity.load_batch(
  p_load_id bigint,
  p_rows text,
  p_names_not_understood bigint default 0,
  p_ignored bigint default 0
)
returns vessel_activity.load
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC' -- timestamps without time zone in the source tables are UTC
set work_mem = '32MB' -- a batch is sorted in memory
set jit = off
set plan_cache_mode = force_custom_plan -- a plan for one batch is wrong for a batch of another size
as $$
declare
  v_reports vessel_activity.report[];
  v_filed record;
  v_counts record;
  v_load vessel_activity.load;
begin
  select l.* into v_load from vessel_activity.load as l where l.id = p_load_id and l.state = 'running';
  if not found then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('load %s is not running', p_load_id),
      hint = 'Call vessel_activity.load_start() first; it returns the number of the load.';
  end if;

  v_reports := vessel_activity.read_reports(p_rows);
  perform vessel_activity.lock_vessels(v_reports);
  select f.* into v_filed from vessel_activity.file_reports(v_reports, v_load.to_recording) as f;

  select
    count(*) filter (where r.outcome = 'position') as loaded,
    count(*) filter (where r.outcome = 'duplicate') as duplicate,
    count(*) filter (where r.outcome = 'static') as static,
    count(*) filter (where r.outcome not in ('position', 'duplicate', 'static')) as rejected,
    count(*) filter (where r.reason is null and r.type_code <> 0 and t.code is null) as types,
    count(*) filter (where r.reason is null and r.speed = 'NaN') as speeds,
    count(*) filter (where r.reason is null and r.course = 'NaN') as courses
  into v_counts
  from rows from (unnest(v_reports), unnest(v_filed.p_outcomes))
    as r (number, reason, kind, mmsi, reported_at, latitude, longitude, speed, course, name, type_code, raw, outcome)
  left join vessel_activity.ship_type as t on t.code = r.type_code;

  if v_counts.rejected > 0 then
    perform vessel_activity.load_reject(p_load_id, v_reports, v_filed.p_outcomes);
  end if;

  update vessel_activity.load as l
  set rows_read = l.rows_read + cardinality(v_reports) + p_ignored,
    rows_loaded = l.rows_loaded + v_counts.loaded,
    rows_duplicate = l.rows_duplicate + v_counts.duplicate,
    rows_rejected = l.rows_rejected + v_counts.rejected,
    rows_static = l.rows_static + v_counts.static,
    rows_ignored = l.rows_ignored + p_ignored,
    vessels_new = l.vessels_new + v_filed.p_vessels_new,
    vessels_updated = l.vessels_updated + v_filed.p_vessels_updated,
    types_not_understood = l.types_not_understood + v_counts.types,
    times_not_understood = coalesce((
      select sum(j.rows_rejected)
      from vessel_activity.load_rejection as j
      where j.load_id = p_load_id and j.reason like 'time is not %'
    ), 0),
    speeds_not_understood = l.speeds_not_understood + v_counts.speeds,
    courses_not_understood = l.courses_not_understood + v_counts.courses,
    names_not_understood = l.names_not_understood + p_names_not_understood
  where l.id = p_load_id
  returning l.* into v_load;
  return v_load;
end
$$;

comment on function vessel_activity.load_batch(bigint, text, bigint, bigint) is
  'Takes lines of a file into a running load, and returns the load with its counts so far. p_rows: the lines as read_reports() expects them. p_names_not_understood: how many names of the batch lost a character before. p_ignored: AIS messages of other types, which are only counted.';
