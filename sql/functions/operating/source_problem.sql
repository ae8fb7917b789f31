-- Says which source table is missing, which similar tables there are, and what to do. A source table can be dropped, renamed,
-- or moved to another schema. Refreshes and the status use the same words.
create or replace function vessel_activity.source_problem(out message text, out hint text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with missing as (
    select s.source, s.ordinal
    from (values ('vessels', 1), ('vessel_positions', 2)) as s (source, ordinal)
    where to_regclass('public.' || s.source) is null
  ),
  alike as (
    select string_agg(t.table_name, ', ' order by m.ordinal, t.table_name) as names,
      (array_agg(t.view_ddl order by m.ordinal, t.table_name))[1] as view_ddl
    from missing as m
    join vessel_activity.similar_tables() as t on t.source = m.source
  )
  select
    format('%s not exist', string_agg('public.' || m.source, ' and ' order by m.ordinal) || case count(*) when 1 then ' does' else ' do' end)
      || coalesce(', but these tables are similar: ' || min(alike.names), ''),
    case when min(alike.names) is null then 'Restore the table'
      else format('Rename or move the table back, or create a view in its place: %s', min(alike.view_ddl)) end
      || '. Or run vessel-activity migrate --create, which creates an empty table. Until then every refresh fails, and the cached row stays as it is.'
  from missing as m
  cross join alike
  having count(*) > 0
$$;

comment on function vessel_activity.source_problem() is
  'message: which source table does not exist, and which tables are similar; NULL if both source tables exist. hint: what to do.';
