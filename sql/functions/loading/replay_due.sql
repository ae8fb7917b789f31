-- A replay plays its recording again and again. Round k begins k periods after anchor_at, and the times of the recording
-- are shifted accordingly.
create or replace function vessel_activity.replay_due(
  p_line vessel_activity.replay,
  p_after timestamptz,
  p_until timestamptz
)
returns table (
  mmsi integer,
  due_at timestamptz,
  latitude double precision,
  longitude double precision,
  speed numeric,
  course numeric
)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  select r.mmsi, r.reported_at + m.shift, r.latitude, r.longitude, r.speed, r.course
  from generate_series(
    floor(extract(epoch from p_after - p_line.anchor_at) / extract(epoch from p_line.period))::integer,
    floor(extract(epoch from p_until - p_line.anchor_at) / extract(epoch from p_line.period))::integer
  ) as k (round)
  cross join lateral (
    select p_line.anchor_at - p_line.recorded_from + make_interval(secs => k.round * extract(epoch from p_line.period)::double precision) as shift
  ) as m
  join vessel_activity.recording as r on r.reported_at > p_after - m.shift and r.reported_at <= p_until - m.shift
  order by r.reported_at
$$;

comment on function vessel_activity.replay_due(vessel_activity.replay, timestamptz, timestamptz) is
  'The positions of vessel_activity.recording that are due after p_after and up to p_until, with their times shifted to the time line of the replay.';
