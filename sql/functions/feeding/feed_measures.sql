-- What /metrics says of the feeds, in one call.
create or replace function vessel_activity.feed_measures()
returns table (
  source text,
  state text,
  heard_seconds double precision,
  newest_report_at timestamptz,
  newest_arrival_at timestamptz,
  positions bigint,
  duplicates bigint,
  statics bigint,
  ignored bigint,
  rejected_by_reason jsonb,
  reconnects bigint,
  dropped bigint,
  clock_ahead bigint,
  clock_behind bigint,
  waiting bigint,
  waiting_bytes bigint,
  waiting_seconds double precision
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select f.source, f.state, extract(epoch from clock_timestamp() - f.heard_at)::double precision, f.newest_report_at, f.newest_arrival_at,
    f.positions, f.duplicates, f.statics, f.ignored, f.rejected_by_reason, f.reconnects, f.dropped, f.clock_ahead, f.clock_behind,
    f.waiting, f.waiting_bytes, coalesce(extract(epoch from f.waiting_for), 0)::double precision
  from vessel_activity.feed as f
  order by f.source
$$;

comment on function vessel_activity.feed_measures() is
  'The feeds for /metrics, a row for each source: columns of vessel_activity.feed, and heard_seconds, the time since the process told of the source; waiting_seconds, the age of the oldest report that waits, 0 if none does.';
