-- Writes an instant as a literal of the type of vessel_positions.timestamp, for a query that runs on another node. It does not depend
-- on DateStyle or TimeZone, which may differ there. source_time does the same in queries that run here.
create or replace function vessel_activity.shard_instant(p_at timestamptz)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when a.atttypid = 'timestamp'::regtype then format('''%s''::timestamp', rtrim(vessel_activity.iso_instant(p_at, 'US'), 'Z'))
    else format('''%s''::timestamptz', vessel_activity.iso_instant(p_at, 'US'))
  end
  from pg_attribute as a
  where a.attrelid = to_regclass(vessel_activity.actual_table('vessel_positions')) and a.attname = vessel_activity.actual_column('vessel_positions', 'timestamp')
$$;

comment on function vessel_activity.shard_instant(timestamptz) is
  'p_at as an SQL literal of the type of vessel_positions.timestamp.';
