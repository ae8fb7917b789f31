-- NULL, empty and blank names are one group, Unknown. A type or flag state that is named Unknown belongs to this group too.
create or replace function vessel_activity.group_name(p_value text)
returns text
language sql immutable parallel safe
return case
  when p_value is null or pg_catalog.btrim(p_value, E' \t\n\r\f\v') = '' then 'Unknown'
  else p_value
end;

comment on function vessel_activity.group_name(text) is
  'The group under which a vessel type or flag state is counted: the name itself, or Unknown if it is NULL, empty or blank.';
