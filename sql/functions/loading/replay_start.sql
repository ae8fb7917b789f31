-- Prepares the recording to be played as if it were live, and returns its time line.
-- The recording is repeated in rounds. One round begins at anchor_at, the others whole periods before and after it. On a
-- new time line anchor_at is the present: the backlog ends with the end of the recording, and live positions start with its
-- beginning.
-- A time line is kept under the name of the file. A replay that was stopped or killed continues on it, so nothing is added
-- twice.
-- Misdated positions would stretch a recording of minutes to a day. So a group of positions is left out if it is separated
-- from all others by more than 15 minutes and holds less than 1 in 100 of all positions. But if such groups hold more than
-- 1 in 20 of all positions together, the recording is only sparse, and nothing is left out.
-- The session holds the load lock until it ends.
-- Raises no_data_found (P0002) if the recording is empty, feature_not_supported (0A000) if Citus keeps a source table in shards,
-- and the errors of load_lock().
create or replace function vessel_activity.replay_start(
  p_file text,
  p_backlog interval default null,
  p_as_of timestamptz default clock_timestamp(),
  out recorded_from timestamptz,
  out period interval,
  out anchor_at timestamptz,
  out played_until timestamptz,
  out left_out bigint
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set jit = off
as $$
declare
  v_as_of timestamptz := date_trunc('second', p_as_of);
  v_backlog interval;
begin
  perform vessel_activity.refuse_shards('to play a recording');
  perform vessel_activity.load_lock();

  with moment as (
    select r.reported_at, count(*) as positions,
      coalesce(r.reported_at - lag(r.reported_at) over (order by r.reported_at) > interval '15 minutes', false) as is_first
    from vessel_activity.recording as r
    group by r.reported_at
  ),
  placed as (
    select m.*, count(*) filter (where m.is_first) over (order by m.reported_at) as stretch
    from moment as m
  ),
  stretch as (
    select min(p.reported_at) as first_at, max(p.reported_at) as last_at,
      sum(p.positions) < 0.01 * sum(sum(p.positions)) over () as is_small,
      sum(p.positions) as positions,
      sum(sum(p.positions)) over () as in_all
    from placed as p
    group by p.stretch
  ),
  misdated as (
    select s.first_at, s.last_at
    from stretch as s
    where s.is_small
      and (select sum(o.positions) from stretch as o where o.is_small) <= 0.05 * s.in_all
  )
  delete from vessel_activity.recording as r
  using misdated as m
  where r.reported_at between m.first_at and m.last_at;
  get diagnostics left_out = row_count;

  select min(r.reported_at), date_trunc('second', max(r.reported_at) - min(r.reported_at)) + interval '1 second'
  into recorded_from, period
  from vessel_activity.recording as r;
  if recorded_from is null then
    raise exception using
      errcode = 'no_data_found',
      message = format('the recording %L holds no position of a ship', p_file),
      hint = 'Look at the rejected lines of the file: select * from vessel_activity.rejected_row.';
  end if;
  analyze vessel_activity.recording;

  v_backlog := coalesce(p_backlog, greatest(interval '1 hour', least(period, interval '24 hours')));

  -- Another recording under the same name begins a new time line.
  delete from vessel_activity.replay as t
  where t.file = p_file
    and (t.recorded_from is distinct from replay_start.recorded_from or t.period is distinct from replay_start.period);
  insert into vessel_activity.replay as t (file, recorded_from, period, played_from, anchor_at, played_until)
  values (p_file, recorded_from, period, v_as_of - v_backlog, v_as_of, v_as_of - v_backlog)
  on conflict (file) do update set played_until = greatest(t.played_until, v_as_of - v_backlog)
  returning t.anchor_at, t.played_until into anchor_at, played_until;
end
$$;

comment on function vessel_activity.replay_start(text, interval, timestamptz) is
  'Prepares vessel_activity.recording to be played as if it were live, and returns its time line. left_out: number of misdated positions that are not played. p_backlog: how far back positions are added at the start; by default the length of the recording, but at least 1 hour and at most 24 hours.';
