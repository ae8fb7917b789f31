-- depends: 0010.cache
-- The incremental state (docs/engine.md). Unlogged: it costs no WAL, and a crash empties all of it together, which a
-- refresh notices and rebuilds. Column types and collations are taken from the source tables by CREATE TABLE AS.

set local lock_timeout = '10s';

create unlogged table if not exists vessel_activity.last_seen (vessel_id, seen_at)
with (fillfactor = 50)
as select p."vesselId", null::timestamptz from public.vessel_positions as p with no data;

create unlogged table if not exists vessel_activity.fleet_count (
  kind text not null check (kind in ('total', 'type', 'flag')),
  name text not null,
  vessels bigint not null,
  primary key (kind, name)
) with (fillfactor = 50);
