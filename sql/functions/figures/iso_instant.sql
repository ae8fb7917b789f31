-- An instant as JSON clients read it: ISO 8601, UTC, milliseconds. Called where text is made for the API.
create or replace function vessel_activity.iso_instant(p_at timestamptz)
returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

comment on function vessel_activity.iso_instant(timestamptz) is 'p_at as 2026-01-31T23:59:59.999Z.';
