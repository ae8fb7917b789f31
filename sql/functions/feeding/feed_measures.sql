-- What /metrics says of the feeds: see vessel_activity.measures.
create or replace function vessel_activity.feed_measures()
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(json_agg(json_build_object(
    'source', f.source,
    'state', f.state,
    'heard_seconds', extract(epoch from clock_timestamp() - f.heard_at),
    'newest_report', extract(epoch from f.newest_report_at),
    'newest_arrival', extract(epoch from f.newest_arrival_at),
    'positions', f.positions,
    'duplicates', f.duplicates,
    'statics', f.statics,
    'ignored', f.ignored,
    'rejected', f.rejected,
    'rejected_by_reason', f.rejected_by_reason,
    'reconnects', f.reconnects,
    'dropped', f.dropped,
    'clock_ahead', f.clock_ahead,
    'clock_behind', f.clock_behind,
    'waiting', f.waiting,
    'waiting_bytes', f.waiting_bytes,
    'waiting_seconds', coalesce(extract(epoch from f.waiting_for), 0)
  ) order by f.source), '[]')
  from vessel_activity.feed as f
$$;

comment on function vessel_activity.feed_measures() is
  'The feeds for /metrics: a JSON array with an object for each source, with the columns of vessel_activity.feed that count or measure. heard_seconds: time since the process told of the source. newest_report, newest_arrival: seconds since 1970. waiting_seconds: age of the oldest report that waits; 0 if none does.';
