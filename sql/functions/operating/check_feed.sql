-- Whether reports come in, whatever writes them. The checks of live feeds (check_feeds) say how the program vessel-activity feed
-- fares with each of its sources.
create or replace function vessel_activity.check_feed()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_feed record;
begin
  select f.* into strict v_feed from vessel_activity.feed_now() as f;
  check_name := 'feed';
  if v_feed.state is null then
    state := 'ok';
    detail := 'there is no report yet';
    return next;
    return;
  end if;

  -- Without a report of the last day there may be no feed at all, as after the load of an old recording.
  state := case
    when v_feed.state = 'live' then 'ok'
    when v_feed.state = 'late' or v_feed.age_seconds > 86400 then 'warn'
    else 'fail'
  end;
  detail := format('the newest report is %s old', date_trunc('second', make_interval(secs => v_feed.age_seconds)));
  if v_feed.as_of is not null then
    detail := detail || format('; at the last refresh, %s reports were of the last minute', v_feed.reports_last_minute)
      || case
        when v_feed.late_share_last_hour is null then ''
        else format(', and %s %% of those of the last hour had arrived more than a minute late', round(100 * v_feed.late_share_last_hour::numeric, 1))
      end
      || case when v_feed.positions_ahead = 0 then '' else format('; %s positions are stamped ahead of the clock', v_feed.positions_ahead) end;
  end if;
  if v_feed.state <> 'live' then
    hint := format('Look whether the programs that write %s run and receive reports. A feed counts as late after %s, as settings.feed_late_after says.',
      vessel_activity.actual_table('vessel_positions'),
      make_interval(secs => v_feed.late_after_seconds));
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_feed() is
  'Whether the newest report is recent, in one row like those of public.vessel_activity_status().';
