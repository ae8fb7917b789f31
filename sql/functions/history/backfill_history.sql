-- Fills the history from the positions that are still there. It sweeps over them once instead of running a query for each
-- sample. A position makes its vessel active in a window from its own instant until the window has passed, or until the
-- next position of the vessel takes over. So each position covers a range of sampling instants: +1 at its beginning, -1
-- after its end. The running sum of these is the number of active vessels at each instant. The positions of the last hour
-- and their speeds are counted in the same way, but no next position takes over.
-- Reads the source tables in one snapshot and takes no locks except those of its inserts. Existing samples are kept, so it
-- can be stopped and run again.
-- Raises invalid_parameter_value (22023) for arguments that make no sense, and insufficient_privilege (42501) if row-level
-- security would hide rows.
create or replace function vessel_activity.backfill_history(
  p_from timestamptz,
  p_to timestamptz,
  p_step interval
)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set row_security = off -- an error is better than figures from a part of the rows
set jit = off
as $$
declare
  v_step constant double precision := extract(epoch from p_step);
  v_first timestamptz;
  v_last timestamptz;
  v_samples integer;
  v_written bigint;
begin
  if p_from is null or p_to is null or p_from > p_to then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('there is no range from %s to %s', coalesce(p_from::text, 'NULL'), coalesce(p_to::text, 'NULL')),
      hint = 'Give two instants, the earlier one first: select public.vessel_activity_backfill_history(now() - interval ''1 day'', now()).';
  end if;
  if v_step is null or v_step < 60 or v_step > 86400 or v_step <> 60 * round(v_step / 60) then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('a step of %s can''t be used', coalesce(p_step::text, 'NULL')),
      hint = 'Use a whole number of minutes, from 1 minute to 1 day.';
  end if;

  -- No samples before the first position, in the future, or older than settings.history_retention.
  select greatest(p_from, min(vessel_activity.utc_instant(p."timestamp")),
    clock_timestamp() - (select s.history_retention from vessel_activity.settings as s))
  into v_first
  from public.vessel_positions as p
  where p."timestamp" >= vessel_activity.source_time(p_from - interval '24 hours', p."timestamp");
  v_last := least(p_to, clock_timestamp());

  -- Sampling instants are whole steps since 1970, so that every run uses the same instants.
  v_first := date_bin(p_step, v_first + p_step - interval '1 microsecond', 'epoch');
  -- Only the range from the first to the last missing sample is computed, so that a second run costs almost nothing.
  select min(i.instant), max(i.instant) into v_first, v_last
  from generate_series(v_first, v_last, p_step) as i (instant)
  where not exists (select from vessel_activity.history as h where h.minute = i.instant);
  v_samples := floor(extract(epoch from v_last - v_first) / v_step) + 1;
  if v_first is null or v_samples < 1 then
    return 0;
  end if;

  -- A place is the number of a sampling instant, counted from 0. Double precision is exact to the microsecond here, and
  -- whole seconds divided by whole seconds give a whole number exactly if there is one.
  with report as (
    select
      p."vesselId" is not null as has_vessel,
      extract(epoch from t.seen_at - v_first)::double precision as since_first,
      extract(epoch from
        lead(t.seen_at) over (partition by p."vesselId" order by t.seen_at) - v_first)::double precision as next_since_first,
      vessel_activity.mean_speed_part(p.speed::numeric) as speed
    from public.vessel_positions as p
    cross join lateral vessel_activity.utc_instant(p."timestamp") as t (seen_at)
    where p."timestamp" >= vessel_activity.source_time(v_first - interval '24 hours', p."timestamp")
      and p."timestamp" <= vessel_activity.source_time(v_last, p."timestamp")
  ), span as (
    select
      greatest(ceil(r.since_first / v_step), 0) as begins,
      least(floor((r.since_first + 300) / v_step), ceil(r.next_since_first / v_step) - 1) + 1 as behind_5_minutes,
      least(floor((r.since_first + 3600) / v_step), ceil(r.next_since_first / v_step) - 1) + 1 as behind_hour,
      least(floor((r.since_first + 86400) / v_step), ceil(r.next_since_first / v_step) - 1) + 1 as behind_24_hours,
      floor((r.since_first + 3600) / v_step) + 1 as behind_position,
      r.has_vessel,
      r.speed
    from report as r
  ), change as (
    select
      c.place,
      sum(c.now) as now,
      sum(c.hour) as hour,
      sum(c.day) as day,
      sum(c.positions) as positions,
      sum(c.speeds) as speeds,
      sum(c.speed) as speed
    from (
      select s.begins as place,
        count(*) filter (where s.has_vessel and s.behind_5_minutes > s.begins) as now,
        count(*) filter (where s.has_vessel and s.behind_hour > s.begins) as hour,
        count(*) filter (where s.has_vessel and s.behind_24_hours > s.begins) as day,
        count(*) filter (where s.behind_position > s.begins) as positions,
        count(s.speed) filter (where s.behind_position > s.begins) as speeds,
        sum(s.speed) filter (where s.behind_position > s.begins) as speed
      from span as s
      group by s.begins
      union all
      select s.behind_5_minutes, -count(*), 0, 0, 0, 0, 0
      from span as s where s.has_vessel and s.behind_5_minutes > s.begins group by s.behind_5_minutes
      union all
      select s.behind_hour, 0, -count(*), 0, 0, 0, 0
      from span as s where s.has_vessel and s.behind_hour > s.begins group by s.behind_hour
      union all
      select s.behind_24_hours, 0, 0, -count(*), 0, 0, 0
      from span as s where s.has_vessel and s.behind_24_hours > s.begins group by s.behind_24_hours
      union all
      select s.behind_position, 0, 0, 0, -count(*), -count(s.speed), -sum(s.speed)
      from span as s where s.behind_position > s.begins group by s.behind_position
    ) as c
    group by c.place
  ), sample as (
    select
      i.place,
      sum(c.now) over w as now,
      sum(c.hour) over w as hour,
      sum(c.day) over w as day,
      sum(c.positions) over w as positions,
      sum(c.speeds) over w as speeds,
      sum(c.speed) over w as speed
    from generate_series(0, v_samples - 1) as i (place)
    left join change as c on c.place = i.place
    window w as (order by i.place)
  )
  insert into vessel_activity.history (
    minute, sampled_at, active_now, active_last_hour, active_last_24h, total_vessels, positions_last_hour, speed_avg
  )
  select
    v_first + s.place * p_step, v_first + s.place * p_step,
    coalesce(s.now, 0), coalesce(s.hour, 0), coalesce(s.day, 0),
    (select count(*) from public.vessels as v where v.active),
    coalesce(s.positions, 0), coalesce(round(s.speed / nullif(s.speeds, 0), 2), 0)
  from sample as s
  on conflict (minute) do nothing;
  get diagnostics v_written = row_count;
  return v_written;
end
$$;

comment on function vessel_activity.backfill_history(timestamptz, timestamptz, interval) is
  'Fills the history between two instants from the positions: one sample for each p_step (whole minutes), each equal to figures_at() of its instant. Returns the number of new samples. Existing samples are kept.';
