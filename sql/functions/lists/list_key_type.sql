-- Keys are told as text and compared as what they are.
create or replace function vessel_activity.list_key_type(p_sort text)
returns text
language sql immutable parallel safe
return case p_sort when 'lastHeard' then 'timestamptz' when 'speed' then 'double precision' else 'text collate "C"' end;

comment on function vessel_activity.list_key_type(text) is
  'The type of the key by which a list of vessels is sorted. p_sort: see vessel_activity.vessels_json().';
