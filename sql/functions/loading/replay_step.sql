-- Adds the positions of the recording that fell due since the last step, and takes those of this time line away that are
-- more than a day and a bit old, so that a replay can run for weeks. Only what the replay added can match there: same
-- vessel, same mapped instant. Ten minutes of them at a time, so that one which was stopped for days catches up without
-- halting the live positions. Called by replay.py, each second, and in larger steps for the backlog.
-- Raises no_data_found (P0002) where replay_start has not been called for the file.
create or replace function vessel_activity.replay_step(p_file text, p_until timestamptz default clock_timestamp())
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC' -- timestamps without zone in adopted tables are UTC
set jit = off
as $$
declare
  v_line vessel_activity.replay;
  v_id record;
  v_added bigint;
  v_kept_from timestamptz;
begin
  select t.* into v_line from vessel_activity.replay as t where t.file = p_file for update;
  if not found then
    raise exception using
      errcode = 'no_data_found',
      message = format('there is no time line for the recording %L', p_file),
      hint = 'Begin with vessel_activity.replay_start().';
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
    $sql$,
    v_id.id_column, v_id.id_value)
  using v_line, v_line.played_until, p_until;
  get diagnostics v_added = row_count;

  v_kept_from := least(p_until - interval '26 hours', v_line.played_from + interval '10 minutes');
  if v_line.played_from < v_kept_from then
    delete from public.vessel_positions as p
    using vessel_activity.replay_due(v_line, v_line.played_from, v_kept_from) as d, public.vessels as v
    where v.mmsi::text = d.mmsi::text and p."vesselId" = v.id and p."timestamp" = d.due_at;
  end if;

  update vessel_activity.replay as t
  set played_until = p_until, played_from = greatest(t.played_from, v_kept_from)
  where t.file = p_file;
  return v_added;
end
$$;

comment on function vessel_activity.replay_step(text, timestamptz) is
  'Adds the recording''s positions that fell due up to p_until, returns how many, and removes those it added more than 26 hours ago.';
