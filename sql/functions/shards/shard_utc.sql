-- The reverse of shard_instant: makes an expression over vessel_positions.timestamp an instant, on another node. utc_instant does the
-- same in queries that run here.
create or replace function vessel_activity.shard_utc(p_expression text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case when a.atttypid = 'timestamp'::regtype then format('(%s) at time zone ''UTC''', p_expression) else p_expression end
  from pg_attribute as a
  where a.attrelid = to_regclass(vessel_activity.actual_table('vessel_positions')) and a.attname = vessel_activity.actual_column('vessel_positions', 'timestamp')
$$;

comment on function vessel_activity.shard_utc(text) is
  'Text of an expression that gives the instant of p_expression, which has the type of vessel_positions.timestamp.';
