-- Makes the recording ready to be played as if live, and says where its time line stands.
-- The recording is laid end to end, round after round: a round begins at anchor_at, others whole periods before and
-- after, so that with a fresh time line the backlog ends where the recording ends, and it starts over live.
-- A time line is kept by file, and a replay that was stopped or killed goes on in it: nothing is added twice.
-- Misdated positions would stretch a recording of minutes to a day with a hole in it: groups of positions that a silence
-- of more than 15 minutes parts from all others and that are less than 1 in 100 are left out, unless that were more than
-- 1 in 20 together (then the recording is just sparse).
-- Called by replay.py after it loaded the file; holds the load lock until the session ends.
-- Raises no_data_found (P0002) for an empty recording, and what load_lock and load_id_source raise.
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
      hint = 'See vessel_activity.rejected_row for what was in the file.';
  end if;
  analyze vessel_activity.recording;

  v_backlog := coalesce(p_backlog, greatest(interval '1 hour', least(period, interval '24 hours')));

  -- A recording that is not the one remembered under this name begins a time line of its own.
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
  'Makes vessel_activity.recording ready to be played as if live and returns its time line; left_out counts misdated positions that are not played. p_backlog: how far back positions are added at the start, by default an hour, or the whole recording up to 24 hours where it is longer.';
