-- What tells that two databases have the same vessel. Databases of two regions number their vessels each for itself, so ids say nothing
-- across them. The MMSI is in every message of AIS. A vessel without one, such as one without a row in public.vessels, has its id.
create or replace function vessel_activity.vessel_key(p_mmsi text, p_id text)
returns text
language sql immutable parallel safe
return coalesce(nullif(pg_catalog.btrim(p_mmsi), ''), p_id);

comment on function vessel_activity.vessel_key(text, text) is
  'By what a vessel is known across databases: its MMSI, or its id if it has none.';
