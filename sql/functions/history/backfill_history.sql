-- Fills the history from the positions that are still there (swept_history): samples as far back as samples are kept, and hours
-- before that, as far back as hours are kept. Hours are computed a week at a time, so that the sweep fits into memory.
-- Reads the source tables. Takes no locks except those of its inserts and of roll_up_history. Existing samples and hours are
-- kept, so it can be stopped and run again.
-- Raises feature_not_supported (0A000) if this database has members or Citus keeps a source table in shards, invalid_parameter_value (22023) for arguments that make no sense, and insufficient_privilege (42501) if row-level
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
  v_present constant timestamptz := clock_timestamp();
  v_until constant timestamptz := least(p_to, v_present);
  v_oldest timestamptz;
  v_samples_from timestamptz;
  v_first timestamptz;
  v_last timestamptz;
  v_begin timestamptz;
  v_end timestamptz;
  v_written bigint := 0;
  v_count bigint;
begin
  perform vessel_activity.refuse_shards('to fill the history from positions');
  perform vessel_activity.refuse_members('to fill the history from positions');
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

  -- Nothing before the first position, in the future, or older than hours are kept. Whole hours of samples are kept.
  select
    greatest(p_from, (
      select min(vessel_activity.utc_instant(p."timestamp"))
      from public.vessel_positions as p
      where p."timestamp" >= vessel_activity.source_time(p_from - interval '24 hours', p."timestamp")
    ), v_present - greatest(s.hour_retention, s.history_retention)),
    date_bin('1 hour', v_present - s.history_retention, 'epoch')
  into v_oldest, v_samples_from
  from vessel_activity.settings as s;

  -- Only the range from the first to the last missing hour is computed, so that a second run costs almost nothing.
  select min(i.hour), max(i.hour) + interval '1 hour' into v_first, v_last
  from generate_series(
    date_bin('1 hour', v_oldest + interval '1 hour' - interval '1 microsecond', 'epoch'),
    least(v_samples_from, date_bin('1 hour', v_until, 'epoch')) - interval '1 hour',
    '1 hour'
  ) as i (hour)
  where not exists (select from vessel_activity.history_hour as o where o.hour = i.hour)
    and not exists (
      select from vessel_activity.history as h where h.minute >= i.hour and h.minute < i.hour + interval '1 hour');
  while v_first < v_last loop
    v_end := least(v_first + interval '7 days', v_last);
    -- Sampling instants are whole steps since 1970, so that every run uses the same instants.
    v_begin := date_bin(p_step, v_first + p_step - interval '1 microsecond', 'epoch');
    insert into vessel_activity.history_hour
    select o.*
    from vessel_activity.hours_of(array(
      select h
      from vessel_activity.swept_history(
        v_begin, p_step, ceil(extract(epoch from v_end - v_begin) / v_step)::integer) as h
    ), true) as o
    on conflict (hour) do nothing;
    get diagnostics v_count = row_count;
    v_written := v_written + v_count;
    v_first := v_end;
  end loop;

  v_first := date_bin(p_step, greatest(v_oldest, v_samples_from) + p_step - interval '1 microsecond', 'epoch');
  select min(i.instant), max(i.instant) into v_first, v_last
  from generate_series(v_first, v_until, p_step) as i (instant)
  where not exists (select from vessel_activity.history as h where h.minute = i.instant);
  if v_first is null then
    return v_written;
  end if;
  insert into vessel_activity.history
  select h.*
  from vessel_activity.swept_history(v_first, p_step, (extract(epoch from v_last - v_first) / v_step)::integer + 1) as h
  on conflict (minute) do nothing;
  get diagnostics v_count = row_count;
  perform vessel_activity.roll_up_history(v_first, v_last);
  return v_written + v_count;
end
$$;

comment on function vessel_activity.backfill_history(timestamptz, timestamptz, interval) is
  'Fills the history between two instants from the positions: one sample for each p_step (whole minutes), each equal to figures_at() of its instant; and hours of such samples where samples are too old to be kept. Returns the number of new samples and of such hours. Existing samples and hours are kept.';
