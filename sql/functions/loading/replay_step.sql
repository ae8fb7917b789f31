-- Adds the positions of the recording that have become due since the last step. Also deletes the positions that this replay
-- added more than 26 hours ago, so that a replay can run for weeks. They are found by their vessel and their shifted time;
-- no other positions match. One step deletes at most ten minutes of them, so that a replay that stood still for days catches
-- up without delaying live positions.
-- A due position is not added if its vessel has gone, if a trigger drops it, or if a unique index on vessel and time says that
-- it is there. replay.not_added counts these positions.
-- Raises no_data_found (P0002) if replay_start() has not been called for the file.
create or replace function vessel_activity.replay_step(p_file text, p_until timestamptz default clock_timestamp())
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC' -- timestamps without time zone in the source tables are UTC
set jit = off
as $$
declare
  v_line vessel_activity.replay;
  v_id record;
  v_added bigint;
  v_due bigint;
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

  v_id := vessel_activity.load_id_source('public.vessel_positions');
  execute format(
    $sql$
    insert into public.vessel_positions (%1$s"vesselId", "timestamp", latitude, longitude, speed, course)
    select %2$sv.id, d.due_at, d.latitude, d.longitude, d.speed, d.course
    from vessel_activity.replay_due($1, $2, $3) as d
    cross join lateral (
      select w.id from public.vessels as w where w.mmsi::text = d.mmsi::text order by w.id limit 1
    ) as v
    %3$s
    $sql$,
    v_id.id_column, v_id.id_value,
    vessel_activity.load_conflict_clause('public.vessel_positions', '{vesselId,timestamp}'))
  using v_line, v_line.played_until, p_until;
  get diagnostics v_added = row_count;
  select count(*) into v_due from vessel_activity.replay_due(v_line, v_line.played_until, p_until);

  v_kept_from := least(p_until - interval '26 hours', v_line.played_from + interval '10 minutes');
  if v_line.played_from < v_kept_from then
    delete from public.vessel_positions as p
    using vessel_activity.replay_due(v_line, v_line.played_from, v_kept_from) as d, public.vessels as v
    where v.mmsi::text = d.mmsi::text and p."vesselId" = v.id and p."timestamp" = d.due_at;
  end if;

  update vessel_activity.replay as t
  set played_until = p_until, not_added = t.not_added + v_due - v_added, played_from = greatest(t.played_from, v_kept_from)
  where t.file = p_file;
  return v_added;
end
$$;

comment on function vessel_activity.replay_step(text, timestamptz) is
  'Adds the positions of the recording that have become due up to p_until, and returns their number. Deletes those that it added more than 26 hours ago.';
