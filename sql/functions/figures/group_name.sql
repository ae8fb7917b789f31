-- The name a type or flag is counted under: NULL, empty and blank are one group with a literal Unknown.
create or replace function vessel_activity.group_name(p_value text)
returns text
language sql immutable parallel safe
return case
  when p_value is null or pg_catalog.btrim(p_value, E' \t\n\r\f\v') = '' then 'Unknown'
  else p_value
end;

comment on function vessel_activity.group_name(text) is
  'The group a vessel type or flag is counted under: itself, or Unknown for NULL, empty and blank.';
