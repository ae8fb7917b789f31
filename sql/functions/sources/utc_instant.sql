-- The other way round: a source column's value as an instant, whatever the session's TimeZone.
-- UTC as an interval: its name would be looked up for every row.
create or replace function vessel_activity.utc_instant(p_value timestamptz)
returns timestamptz
language sql immutable parallel safe
return p_value;

create or replace function vessel_activity.utc_instant(p_value timestamp)
returns timestamptz
language sql immutable parallel safe
return pg_catalog.timezone('0'::pg_catalog.interval, p_value);

comment on function vessel_activity.utc_instant(timestamptz) is 'A source timestamp as an instant: unchanged.';
comment on function vessel_activity.utc_instant(timestamp) is 'A source timestamp without time zone as an instant: it is UTC, whatever the session''s TimeZone.';
