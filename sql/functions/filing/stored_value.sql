-- The reverse of the conversion that source columns are read with: a speed of 12.3 knots is stored as 123 in a column of tenths.
create or replace function vessel_activity.stored_value(p_source text, p_name text, p_value text)
returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when vessel_activity.actual_factor(p_source, p_name) is null then p_value
    else format('(%s)::numeric / %s', p_value, vessel_activity.actual_factor(p_source, p_name))
  end
$$;

comment on function vessel_activity.stored_value(text, text, text) is
  'The SQL expression for what a source column holds, given that for a value in knots or degrees (p_value). p_source: vessels or vessel_positions. p_name: as vessel activity calls the column.';
