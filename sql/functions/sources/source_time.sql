-- Converts an instant to the type of the column vessel_positions.timestamp, which may have a time zone or not. So one function
-- body serves both types. Both overloads are inlined to a plain expression of p_at, so that a comparison can use the index.
-- p_like only chooses the overload.
create or replace function vessel_activity.source_time(p_at timestamptz, p_like timestamptz)
returns timestamptz
language sql immutable parallel safe
return p_at;

create or replace function vessel_activity.source_time(p_at timestamptz, p_like timestamp)
returns timestamp
language sql immutable parallel safe
return pg_catalog.timezone('0'::pg_catalog.interval, p_at);

comment on function vessel_activity.source_time(timestamptz, timestamptz) is
  'Converts an instant to the type of the source column: this column has a time zone, so p_at is returned unchanged. p_like only chooses the overload.';
comment on function vessel_activity.source_time(timestamptz, timestamp) is
  'Returns p_at as a timestamp in UTC: a source column without time zone holds UTC. p_like only chooses the overload.';
