-- By how much the counts of last_report_count change if vessels were last heard at p_was_ats and are at p_seen_ats now. A vessel
-- that stays in its second changes nothing. Spans that ended before the last 24 hours are not counted: nobody asks for them.
create or replace function vessel_activity.count_changes(
  p_as_of timestamptz, p_was_ats timestamptz[], p_seen_ats timestamptz[]
)
returns setof vessel_activity.last_report_count
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_first_minute constant timestamptz := date_bin('1 minute', p_as_of - interval '24 hours', 'epoch');
  v_first_hour constant timestamptz := date_bin('1 hour', p_as_of - interval '24 hours', 'epoch');
begin
  return query
    with by_second as materialized (
      select date_bin('1 second', t.seen_at, 'epoch') as second, sum(t.change) as change
      from (
        select w.seen_at, -1 as change from unnest(p_was_ats) as w (seen_at)
        union all
        select n.seen_at, 1 from unnest(p_seen_ats) as n (seen_at)
      ) as t
      where t.seen_at >= v_first_hour
      group by 1
      having sum(t.change) <> 0
    )
    select 1, s.second, s.change::integer from by_second as s where s.second >= v_first_minute
    union all
    select 60, date_bin('1 minute', s.second, 'epoch'), sum(s.change)::integer
    from by_second as s
    where s.second >= v_first_minute
    group by 2
    having sum(s.change) <> 0
    union all
    select 3600, date_bin('1 hour', s.second, 'epoch'), sum(s.change)::integer
    from by_second as s
    group by 2
    having sum(s.change) <> 0;
end
$$;

comment on function vessel_activity.count_changes(timestamptz, timestamptz[], timestamptz[]) is
  'By how much the counts of vessel_activity.last_report_count change, as of p_as_of, if vessels were last heard at p_was_ats before and at p_seen_ats now. NULL: not at all.';
