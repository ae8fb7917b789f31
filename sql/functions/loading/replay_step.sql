-- Adds the positions of the recording that have become due since the last step, by the same rules as loads and feeds. Also
-- deletes the positions that this replay added more than 26 hours ago, so that a replay can run for weeks. They are found by
-- their vessel and their shifted time; no other positions match. One step deletes at most ten minutes of them, so that a replay
-- that stood still for days catches up without delaying live positions.
-- A due position is not added if its vessel has gone, if a trigger drops it, or if it is there already. replay.not_added counts
-- these positions.
-- Raises no_data_found (P0002) if replay_start() has not been called for the file, and the errors of lock_vessels().
create or replace function vessel_activity.replay_step(p_file text, p_until timestamptz default clock_timestamp())
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC' -- timestamps without time zone in the source tables are UTC
set jit = off
set plan_cache_mode = force_custom_plan -- a plan for one batch is wrong for a batch of another size
as $$
declare
  v_line vessel_activity.replay;
  v_due vessel_activity.report[];
  v_added bigint;
  v_kept_from timestamptz;
begin
  select t.* into v_line from vessel_activity.replay as t where t.file = p_file for update;
  if not found then
    raise exception using
      errcode = 'no_data_found',
      message = format('there is no time line for the recording %L', p_file),
      hint = 'Call vessel_activity.replay_start() first.';
  end if;
  if p_until <= v_line.played_until then
    return 0;
  end if;

  v_due := array(
    select row(null, null, null, d.mmsi, d.due_at, d.latitude, d.longitude, d.speed, d.course, null, null, null)::vessel_activity.report
    from vessel_activity.replay_due(v_line, v_line.played_until, p_until) as d
  );
  perform vessel_activity.lock_vessels(v_due);
  select coalesce(cardinality(f.p_added), 0) into v_added from vessel_activity.file_positions(v_due) as f;

  v_kept_from := least(p_until - interval '26 hours', v_line.played_from + interval '10 minutes');
  if v_line.played_from < v_kept_from then
    execute format(
      'delete from %1$s as p using vessel_activity.replay_due($1, $2, $3) as d, %2$s as v '
      'where v.%3$I::text = d.mmsi::text and p.%4$I = v.%5$I and p.%6$I = d.due_at',
      vessel_activity.actual_table('vessel_positions'), vessel_activity.actual_table('vessels'),
      vessel_activity.actual_column('vessels', 'mmsi'), vessel_activity.actual_column('vessel_positions', 'vesselId'),
      vessel_activity.actual_column('vessels', 'id'), vessel_activity.actual_column('vessel_positions', 'timestamp'))
    using v_line, v_line.played_from, v_kept_from;
  end if;

  update vessel_activity.replay as t
  set played_until = p_until, not_added = t.not_added + cardinality(v_due) - v_added, played_from = greatest(t.played_from, v_kept_from)
  where t.file = p_file;
  return v_added;
end
$$;

comment on function vessel_activity.replay_step(text, timestamptz) is
  'Adds the positions of the recording that have become due up to p_until, and returns their number. Deletes those that it added more than 26 hours ago.';
