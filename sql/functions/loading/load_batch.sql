-- Takes in one batch of landed lines. It adds or updates vessels, adds positions, keeps rejected lines, counts, and
-- empties the landing tables. The functions of a load in their order:
--   load_start(); then for each batch, in one transaction: COPY into vessel_activity.landing and load_batch(); load_end()
--   load_batch(): rejected lines; load_vessels(); load_positions(), or load_recording() for a replay; the counts
-- A batch is one transaction. So if a load dies, its counts match the rows that it has added.
-- The caller holds the load lock (load_start()).
-- Raises object_not_in_prerequisite_state (55000) if the load is not running, and the errors of the source tables.
create or replace function vessel_activity.load_batch(
  p_load_id bigint,
  p_to_recording boolean default false
)
returns vessel_activity.load
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC' -- timestamps without time zone in the source tables are UTC
set work_mem = '32MB' -- a batch is sorted in memory
set jit = off
as $$
declare
  v_read bigint;
  v_rejected bigint;
  v_loaded bigint;
  v_new bigint;
  v_updated bigint;
  v_load vessel_activity.load;
begin
  select count(*) into v_read from vessel_activity.landing;

  -- Rejected lines are deleted first, so that the functions below find only position reports.
  with gone as (
    delete from vessel_activity.landing as l
    where coalesce(l.reason, vessel_activity.load_rejection_reason(l.mmsi, l.latitude, l.longitude)) is not null
    returning
      l.line_number,
      coalesce(l.reason, vessel_activity.load_rejection_reason(l.mmsi, l.latitude, l.longitude)) as reason,
      l.raw
  ),
  counted as (
    insert into vessel_activity.load_rejection as c (load_id, reason, rows_rejected)
    select p_load_id, g.reason, count(*) from gone as g group by g.reason
    on conflict (load_id, reason) do update set rows_rejected = c.rows_rejected + excluded.rows_rejected
    returning c.reason, c.rows_rejected
  ),
  kept as (
    insert into vessel_activity.rejected_row (load_id, line_number, reason, raw)
    select p_load_id, n.line_number, n.reason, n.raw
    from (
      select g.*,
        row_number() over (partition by g.reason order by g.line_number) as place,
        count(*) over (partition by g.reason) as in_batch
      from gone as g
    ) as n
    join counted as c on c.reason = n.reason
    where c.rows_rejected - n.in_batch + n.place <= 10000
  )
  select count(*) into v_rejected from gone;

  select v.p_new, v.p_updated into v_new, v_updated from vessel_activity.load_vessels() as v;
  if p_to_recording then
    v_loaded := vessel_activity.load_recording();
  else
    v_loaded := vessel_activity.load_positions();
  end if;

  update vessel_activity.load as l
  set rows_read = l.rows_read + v_read,
    rows_loaded = l.rows_loaded + v_loaded,
    rows_duplicate = l.rows_duplicate + v_read - v_rejected - v_loaded,
    rows_rejected = l.rows_rejected + v_rejected,
    vessels_new = l.vessels_new + v_new,
    vessels_updated = l.vessels_updated + v_updated
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

comment on function vessel_activity.load_batch(bigint, boolean) is
  'Takes the lines in vessel_activity.landing into a running load, empties that table, and returns the load with its counts so far. p_to_recording: keep the positions in vessel_activity.recording for a replay instead of adding them to public.vessel_positions.';
