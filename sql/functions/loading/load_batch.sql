-- Takes in one batch of landed lines. It adds or updates vessels, adds positions, keeps rejected lines, counts, and
-- empties the landing tables. The functions of a load in their order:
--   load_start(); then for each batch, in one transaction: COPY into vessel_activity.landing and load_batch(); load_end()
--   load_batch(): load_reject(); load_vessels(); load_positions(), or load_recording() for a replay; the counts
-- A batch is one transaction. So if a load dies, its counts match the rows that it has added.
-- The counts say what the source tables have stored. A line whose vessel or position they have not stored is rejected.
-- The caller holds the load lock (load_start()).
-- Raises object_not_in_prerequisite_state (55000) if the load is not running, and the errors of the source tables. If another
-- session adds the same vessel or position at the same moment, that may be a unique_violation (23505): the caller tries again.
create or replace function vessel_activity.load_batch(
  p_load_id bigint,
  p_to_recording boolean default false,
  p_names_not_understood bigint default 0
)
returns vessel_activity.load
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC' -- timestamps without time zone in the source tables are UTC
set work_mem = '32MB' -- a batch is sorted in memory
set jit = off
as $$
declare
  v_read bigint;
  v_rejected bigint;
  v_missing bigint;
  v_loaded bigint;
  v_new bigint;
  v_updated bigint;
  v_found record;
  v_load vessel_activity.load;
begin
  -- Rejected lines are deleted first, so that the functions below find only position reports.
  v_rejected := vessel_activity.load_reject(p_load_id);

  select
    count(*) as lines,
    count(*) filter (where r.type_code <> 0 and t.code is null) as types,
    count(*) filter (where r.speed = 'NaN') as speeds,
    count(*) filter (where r.course = 'NaN') as courses
  into v_found
  from vessel_activity.landing as r
  left join vessel_activity.ship_type as t on t.code = r.type_code;
  v_read := v_rejected + v_found.lines;

  select v.p_new, v.p_updated into v_new, v_updated from vessel_activity.load_vessels() as v;

  -- A trigger may have left a vessel out, or stored the vessel under another MMSI.
  update vessel_activity.landing as r
  set reason = 'vessel not stored by public.vessels'
  from vessel_activity.landed_vessel as l
  where l.mmsi = r.mmsi and not exists (select from public.vessels as v where v.mmsi::text = l.mmsi::text);
  get diagnostics v_missing = row_count;
  if v_missing > 0 then
    v_rejected := v_rejected + vessel_activity.load_reject(p_load_id);
  end if;

  if p_to_recording then
    v_loaded := vessel_activity.load_recording();
  else
    v_loaded := vessel_activity.load_positions();
    if vessel_activity.load_may_drop_rows('public.vessel_positions') then
      v_rejected := v_rejected + vessel_activity.load_reject(p_load_id);
    end if;
  end if;

  update vessel_activity.load as l
  set rows_read = l.rows_read + v_read,
    rows_loaded = l.rows_loaded + v_loaded,
    rows_duplicate = l.rows_duplicate + v_read - v_rejected - v_loaded,
    rows_rejected = l.rows_rejected + v_rejected,
    vessels_new = l.vessels_new + v_new,
    vessels_updated = l.vessels_updated + v_updated,
    types_not_understood = l.types_not_understood + v_found.types,
    times_not_understood = coalesce((
      select j.rows_rejected
      from vessel_activity.load_rejection as j
      where j.load_id = p_load_id and j.reason = 'time is not an ISO date and time'
    ), 0),
    speeds_not_understood = l.speeds_not_understood + v_found.speeds,
    courses_not_understood = l.courses_not_understood + v_found.courses,
    names_not_understood = l.names_not_understood + p_names_not_understood
  where l.id = p_load_id and l.state = 'running'
  returning l.* into v_load;
  if v_load.id is null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('load %s is not running', p_load_id),
      hint = 'Call vessel_activity.load_start() first; it returns the number of the load.';
  end if;

  delete from vessel_activity.landing;
  delete from vessel_activity.landed_vessel;
  return v_load;
end
$$;

comment on function vessel_activity.load_batch(bigint, boolean, bigint) is
  'Takes the lines in vessel_activity.landing into a running load, empties that table, and returns the load with its counts so far. p_to_recording: keep the positions in vessel_activity.recording for a replay instead of adding them to public.vessel_positions. p_names_not_understood: how many names of the batch lost a character before they were landed.';
