-- Converts a value of vessel_positions.timestamp to an instant, whatever the TimeZone of the session. It is the reverse of
-- source_time. UTC is written as an interval, since a name would be looked up for every row.
create or replace function vessel_activity.utc_instant(p_value timestamptz)
returns timestamptz
language sql immutable parallel safe
return p_value;

create or replace function vessel_activity.utc_instant(p_value timestamp)
returns timestamptz
language sql immutable parallel safe
return pg_catalog.timezone('0'::pg_catalog.interval, p_value);

comment on function vessel_activity.utc_instant(timestamptz) is 'Returns a source timestamp with time zone unchanged.';
comment on function vessel_activity.utc_instant(timestamp) is 'Returns a source timestamp without time zone as an instant. It is UTC, whatever the TimeZone of the session.';
