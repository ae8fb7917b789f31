-- An instant in the type of a source column, so that one function body serves adopted tables of either type
-- and its comparison still matches the index: both overloads are inlined to a plain expression of p_at.
-- p_like is only there to choose the overload. Called wherever a query compares vessel_positions.timestamp.
create or replace function vessel_activity.source_time(p_at timestamptz, p_like timestamptz)
returns timestamptz
language sql immutable parallel safe
return p_at;

create or replace function vessel_activity.source_time(p_at timestamptz, p_like timestamp)
returns timestamp
language sql immutable parallel safe
return pg_catalog.timezone('0'::pg_catalog.interval, p_at);

comment on function vessel_activity.source_time(timestamptz, timestamptz) is
  'p_at unchanged: the source column has a time zone. p_like chooses the overload only.';
comment on function vessel_activity.source_time(timestamptz, timestamp) is
  'p_at as UTC wall time: a source column without time zone is UTC by definition. p_like chooses the overload only.';
