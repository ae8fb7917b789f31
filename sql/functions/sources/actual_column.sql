-- The name of a column of a source table; see actual_table.
create or replace function vessel_activity.actual_column(p_source text, p_name text)
returns name
language sql immutable parallel safe
return p_name::pg_catalog.name;

comment on function vessel_activity.actual_column(text, text) is
  'The name of the column that holds what vessel activity calls p_name; NULL if there is none, which only active and the id of positions allow. p_source: vessels or vessel_positions. A migrate that is given other names changes the function.';
