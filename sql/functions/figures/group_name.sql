-- NULL, empty and blank names are one group, Unknown. A type or flag state that is named Unknown belongs to this group too.
-- A name is cut to 100 characters, so that a damaged value of many megabytes can fill neither the inbox nor an answer. Every
-- real name fits: types of AIS have at most 17 characters, and the longest name of a state has fewer than 60.
-- The length in bytes is checked first, because it is known without reading a long value from disk.
create or replace function vessel_activity.group_name(p_value text)
returns text
language sql immutable parallel safe
return case
  when pg_catalog.octet_length(p_value) <= 100 and pg_catalog.btrim(p_value, E' \t\n\r\f\v') <> '' then p_value
  when pg_catalog.btrim(pg_catalog.left(p_value, 100), E' \t\n\r\f\v') <> '' then pg_catalog.left(p_value, 100)
  else 'Unknown'
end;

comment on function vessel_activity.group_name(text) is
  'The group under which a vessel type or flag state is counted: the first 100 characters of the name, or Unknown if these are NULL, empty or blank.';
