-- What a value of a source column is multiplied by, such as 0.1 for speeds in tenths of a knot; see actual_table.
create or replace function vessel_activity.actual_factor(p_source text, p_name text)
returns numeric
language sql immutable parallel safe
return null::pg_catalog.numeric;

comment on function vessel_activity.actual_factor(text, text) is
  'What a value of the column that holds p_name is multiplied by to get knots or degrees; NULL if it needs no conversion. p_source: vessels or vessel_positions. A migrate that is given other names changes the function.';
