-- The names of columns as a migrate was given them; see actual_table.
create or replace function vessel_activity.actual_map()
returns text
language sql immutable parallel safe
return ''::pg_catalog.text;

comment on function vessel_activity.actual_map() is
  'The names of columns that differ from the usual ones, as the option --map of vessel-activity migrate takes them; empty if none does. A migrate that is given other names changes the function.';
