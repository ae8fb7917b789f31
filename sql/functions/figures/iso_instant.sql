-- How vessel activity writes an instant in JSON, in CSV and in its notifications.
create or replace function vessel_activity.iso_instant(p_at timestamptz, p_fraction text default 'MS')
returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.' || p_fraction || '"Z"')
$$;

comment on function vessel_activity.iso_instant(timestamptz, text) is
  'p_at in ISO 8601, in UTC: 2026-01-31T23:59:59.999Z. p_fraction: MS for milliseconds, US for microseconds.';
