-- Stores what a refresh has found out about the feed. Then it counts the seconds whose reports are now a minute old, for the
-- refreshes that come: from the state, or from the source tables if the state can't be used. Seconds that ended more than two
-- minutes ago are left out: after such a time it can't be told who was late.
create or replace function vessel_activity.store_feed_truth(p_truth vessel_activity.feed_truth, p_has_state boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last constant timestamptz := date_bin('1 second', p_truth.as_of - interval '61 seconds', 'epoch');
  -- One probe of the index. Seconds before the last one that was counted have been counted too, or are left out.
  v_first constant timestamptz := greatest(
    v_last - interval '59 seconds', (select max(f.second) + interval '1 second' from vessel_activity.first_count as f));
begin
  insert into vessel_activity.feed_truth as t
  select p_truth.*
  on conflict (only_row) do update set
    as_of = excluded.as_of,
    newest_report = excluded.newest_report,
    reports_last_minute = excluded.reports_last_minute,
    positions_ahead = excluded.positions_ahead,
    timed_last_hour = excluded.timed_last_hour,
    late_last_hour = excluded.late_last_hour;

  if p_has_state then
    insert into vessel_activity.first_count (second, reports, counted_at)
    select n.second, coalesce(s.positions, 0), p_truth.as_of
    from generate_series(v_first, v_last, interval '1 second') as n (second)
    left join vessel_activity.position_second as s on s.second = n.second;
  elsif v_first <= v_last then
    insert into vessel_activity.first_count (second, reports, counted_at)
    select n.second, coalesce(s.positions, 0), p_truth.as_of
    from generate_series(v_first, v_last, interval '1 second') as n (second)
    left join vessel_activity.positions_by_second(v_first, v_last + interval '999999 microseconds') as s on s.second = n.second;
  end if;

  delete from vessel_activity.first_count as f where f.second < vessel_activity.first_full_second(p_truth.as_of);
end
$$;

comment on function vessel_activity.store_feed_truth(vessel_activity.feed_truth, boolean) is
  'Stores p_truth in vessel_activity.feed_truth, and counts in vessel_activity.first_count the seconds whose positions are now a minute old. p_has_state: vessel_activity.position_second is up to date.';
