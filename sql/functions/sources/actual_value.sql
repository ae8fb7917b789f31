-- What gives a value as vessel activity expects it, in the text of a function. If no column says which vessels are active, all are.
-- PL/pgSQL does not know the fields of old and new by escaped names. They never stand between quotes.
create or replace function vessel_activity.actual_value(p_source text, p_name text, p_rows text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when c.name is null then 'true'
    when p_rows is null then c.name
    when vessel_activity.actual_factor(p_source, p_name) is null then p_rows || '.' || c.name
    else format('vessel_activity.scaled(%s.%s, %s)', p_rows, c.name, vessel_activity.actual_factor(p_source, p_name))
  end
  from (
    select case when p_rows in ('old', 'new') then quote_ident(a.name) else vessel_activity.text_safe(a.name) end as name
    from (select vessel_activity.actual_column(p_source, p_name) as name) as a
  ) as c
$$;

comment on function vessel_activity.actual_value(text, text, text) is
  'The SQL expression for a column of a source table, converted to knots or degrees. p_source: vessels or vessel_positions. p_name: as vessel activity calls the column. p_rows: what the rows are called; NULL for the name of the column alone.';
