-- The definition of what is said of the feed, for any instant. It reads the positions in one snapshot, as figures_at does. When
-- a position arrived can't be read from the source tables, so it also reads what refreshes before p_as_of have counted
-- (first_count). That is kept for an hour. On a standby it can't be read, since first_count is unlogged.
-- Raises insufficient_privilege (42501) if row-level security would hide rows; for shards also the errors of ask_shards.
create or replace function vessel_activity.feed_truth_at(p_as_of timestamptz)
returns vessel_activity.feed_truth
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off -- an error is better than figures from a part of the rows
set jit = off
as $$
declare
  -- As variables, because the scans would compute the expressions for every row.
  v_minute_ago constant timestamptz := p_as_of - interval '1 minute';
  v_first_second constant timestamptz := vessel_activity.first_full_second(p_as_of);
  v_truth vessel_activity.feed_truth;
begin
  v_truth.only_row := true;
  v_truth.as_of := p_as_of;

  if vessel_activity.asks_shards('vessel_positions') then
    select s.newest_report, s.reports_last_minute, s.positions_ahead
    into v_truth.newest_report, v_truth.reports_last_minute, v_truth.positions_ahead
    from vessel_activity.shard_truth(p_as_of) as s;
  else
    v_truth.newest_report := vessel_activity.newest_report(p_as_of);

    select count(*) into v_truth.reports_last_minute
    from public.vessel_positions as p
    where p."timestamp" >= vessel_activity.source_time(v_minute_ago, p."timestamp")
      and p."timestamp" <= vessel_activity.source_time(p_as_of, p."timestamp");

    select count(*) into v_truth.positions_ahead
    from public.vessel_positions as p
    where p."timestamp" > vessel_activity.source_time(p_as_of, p."timestamp");
  end if;

  if not pg_is_in_recovery() then
    select coalesce(sum(s.positions), 0), coalesce(sum(greatest(s.positions - f.reports, 0)), 0)
    into v_truth.timed_last_hour, v_truth.late_last_hour
    from vessel_activity.first_count as f
    join vessel_activity.positions_by_second(v_first_second, v_minute_ago) as s on s.second = f.second
    where f.counted_at < p_as_of;
  end if;
  return v_truth;
end
$$;

comment on function vessel_activity.feed_truth_at(timestamptz) is
  'What is said of the feed as of p_as_of, computed from the source tables and from vessel_activity.first_count: the definition of vessel_activity.feed_truth.';
