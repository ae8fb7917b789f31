-- Says which source table is missing, which similar tables there are, and what to do. A source table can be dropped, renamed,
-- or moved to another schema. Refreshes and the status use the same words.
create or replace function vessel_activity.source_problem(out message text, out hint text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with missing as (
    select s.source, s.ordinal, vessel_activity.actual_table(s.source) as name
    from (values ('vessels', 1), ('vessel_positions', 2)) as s (source, ordinal)
    where to_regclass(vessel_activity.actual_table(s.source)) is null
  ),
  alike as (
    select t.*
    from vessel_activity.similar_tables() as t
    where t.source in (select m.source from missing as m)
      and t.relation not in (select r.relation from vessel_activity.source_roots() as r)
  )
  select
    format('%s not exist', string_agg(m.name, ' and ' order by m.ordinal) || case count(*) when 1 then ' does' else ' do' end)
      || coalesce(', but these tables are similar: ' || (select string_agg(a.table_name, ', ' order by a.source desc, a.table_name) from alike as a), ''),
    case when exists (select from alike) then 'Rename or move the table back, or adopt another one: ' || (
        select 'vessel-activity migrate ' || string_agg(o.option, ' ' order by o.source desc)
          || coalesce(' --map ''' || string_agg(nullif(o.map, ''), ',' order by o.source desc) || '''', '')
        from (select distinct on (a.source) a.* from alike as a order by a.source, a.table_name) as o
      )
      else 'Restore the table' end
    || case when vessel_activity.actual_map() = '' and bool_and(m.name = 'public.' || m.source) then '. Or run vessel-activity migrate --create, which creates an empty table.' else '.' end
    || ' Until then every refresh fails, and the cached row stays as it is.'
  from missing as m
  having count(*) > 0
$$;

comment on function vessel_activity.source_problem() is
  'message: which source table does not exist, and which tables are similar; NULL if both source tables exist. hint: what to do.';
