-- A row for each feed that has not ended in order; none if there are no feeds. The worst finding decides the state, and all of
-- them are told. A feed tells of its sources at least every five seconds.
-- Ages are computed from one clock each: those of arrivals from the clock of the feed, the others from that of the server.
create or replace function vessel_activity.check_feeds()
returns table (check_name text, state text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with told as (
    select f.*,
      clock_timestamp() - f.heard_at as unheard_for,
      clock_timestamp() + f.clock_offset - f.since as in_state_for,
      clock_timestamp() + f.clock_offset - f.newest_arrival_at as silent_for,
      make_interval(secs => f.silence) as allowed,
      r.messages as recently, r.rejected as rejected_recently, r.dropped as dropped_recently,
      r.clock_ahead as ahead_recently, r.clock_behind as behind_recently, r.since as recent_since
    from vessel_activity.feed as f
    cross join lateral (
      select sum((b.value ->> 'messages')::bigint) as messages, sum((b.value ->> 'rejected')::bigint) as rejected,
        sum((b.value ->> 'dropped')::bigint) as dropped, sum((b.value ->> 'clock_ahead')::bigint) as clock_ahead,
        sum((b.value ->> 'clock_behind')::bigint) as clock_behind, min((b.value ->> 'from')::timestamptz) as since
      from jsonb_array_elements(f.recent) as b
      where (b.value ->> 'from')::timestamptz > clock_timestamp() - interval '20 minutes'
    ) as r
    where f.state <> 'ended'
  ),
  finding as (
    select t.source, p.*
    from told as t
    cross join lateral (
      select 1 as ordinal, 'fail' as state,
        format('nothing was heard of the feed for %s; it was process %s on %s', date_trunc('second', t.unheard_for), t.process, t.host) as detail,
        'Look whether that process runs and reaches the database. Start it again if it does not. If the feed is no longer wanted: '
          || format('delete from vessel_activity.feed where source = %L.', t.source) as hint
      where t.unheard_for > interval '35 seconds'
      union all
      select 2, case when t.in_state_for > interval '35 seconds' then 'fail' else 'warn' end,
        format('not connected%s for %s%s', ' to ' || t.address, date_trunc('second', greatest(t.in_state_for, interval '0')), ': ' || t.error),
        'Look at the source. The feed connects again by itself.'
      where t.unheard_for <= interval '35 seconds' and t.state in ('connecting', 'waiting')
        and (t.state = 'waiting' or t.in_state_for > interval '35 seconds')
      union all
      select 3, case when t.silent_for > 10 * t.allowed then 'fail' else 'warn' end,
        case when t.silent_for is null then 'connected, but no message has come yet'
          else format('connected, but silent: no message for %s', date_trunc('second', t.silent_for)) end,
        'Look whether the source still sends. If it is a quiet one, raise its silence= in the address of the feed.'
      where t.unheard_for <= interval '35 seconds'
        and (t.state = 'silent' or t.state = 'connected' and t.waiting = 0 and coalesce(t.silent_for, t.in_state_for) > t.allowed)
      union all
      select 4, case when t.waiting_for > interval '5 minutes' then 'fail' else 'warn' end,
        format('behind: %s reports wait to be filed, the oldest since %s', t.waiting, date_trunc('second', t.waiting_for)),
        'Look at the log of the feed: the database could not be reached, or files too slowly. The reports are filed in their order.'
      where t.unheard_for <= interval '35 seconds' and t.waiting_for > interval '30 seconds'
      union all
      select 5, 'fail', format('%s messages were lost since %s, because the spool was full', t.dropped_recently, date_trunc('second', t.recent_since)),
        'Give the spool more room, or find out why the database was away for so long.'
      where t.dropped_recently > 0
      union all
      select 6, 'warn',
        format('%s of %s messages since %s were rejected, most often: %s', t.rejected_recently, t.recently, date_trunc('second', t.recent_since), (
          select string_agg(m.key, '; ')
          from (select e.key from jsonb_each_text(t.rejected_by_reason) as e order by e.value::bigint desc, e.key limit 3) as m
        )),
        format('Look at the rejected messages: select reason, filed_at, raw from vessel_activity.rejected_message where source = %L.', t.source)
      where t.rejected_recently * 10 > t.recently
      union all
      select 7, 'warn',
        format('the clock of the source is wrong: since %s, %s of %s messages were stamped more than a minute ahead of their arrival, and %s more than a day behind it',
          date_trunc('second', t.recent_since), t.ahead_recently, t.recently, t.behind_recently),
        'Set the clock of the receiver right. Messages with a wrong time enter no window, or a wrong one.'
      where t.ahead_recently + t.behind_recently > 0
      union all
      select 8, 'warn', format('the clock of %s is %s %s that of the database server', t.host,
          date_trunc('second', greatest(t.clock_offset, - t.clock_offset)), case when t.clock_offset > interval '0' then 'ahead of' else 'behind' end),
        'Set the clocks right, with NTP for example. Messages without a time of their own get that of their arrival.'
      where t.clock_offset not between interval '-1 minute' and interval '1 minute'
      union all
      select 9, 'warn', format('none of the %s messages was the position of a ship, so %s is not filled', t.messages, vessel_activity.actual_table('vessel_positions')),
        'Look which messages the source sends: select ignored_by_type, rejected_by_reason from vessel_activity.feed.'
      where t.messages >= 1000 and t.positions + t.duplicates = 0
    ) as p
  )
  select
    'feed ' || t.source,
    coalesce(min(f.state), 'ok'), -- fail is before warn
    coalesce(string_agg(f.detail, '; ' order by f.ordinal), format('connected%s; the newest message arrived %s ago%s', ' to ' || t.address,
      greatest(date_trunc('second', t.silent_for), interval '0'),
      case when t.statics = 0 and t.positions + t.duplicates >= 10000
        then '; it has brought no static data, so names and types of ships stay unknown' end)),
    string_agg(f.hint, ' ' order by f.ordinal)
  from told as t
  left join finding as f on f.source = t.source
  group by t.source, t.address, t.silent_for, t.statics, t.positions, t.duplicates
  order by t.source
$$;

comment on function vessel_activity.check_feeds() is
  'Whether each live feed is connected and brings usable messages, in rows like those of public.vessel_activity_status(). No row: there are no feeds, or all have ended in order.';
