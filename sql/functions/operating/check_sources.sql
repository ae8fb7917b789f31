-- Refreshes need both source tables. A migrate creates the tables that are missing, so a program may use other tables while
-- the figures stay zero. Empty source tables beside similar tables with rows are a sign of that.
-- The size of a file tells whether a similar table holds rows: this role may not be allowed to read the table.
create or replace function vessel_activity.check_sources()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem record;
  v_source text;
  v_is_empty boolean;
  v_empty text[] := '{}';
  v_similar record;
begin
  check_name := 'source tables';
  state := 'ok';
  detail := format('%s and %s exist%s', vessel_activity.actual_table('vessels'), vessel_activity.actual_table('vessel_positions'),
    ', with the columns ' || nullif(vessel_activity.actual_map(), ''));
  select p.message, p.hint into v_problem from vessel_activity.source_problem() as p;
  if v_problem.message is not null then
    state := 'fail';
    detail := v_problem.message;
    hint := v_problem.hint;
    return next;
    return;
  end if;

  foreach v_source in array array['vessels', 'vessel_positions'] loop
    select coalesce(bool_and(s.kind in ('r', 'p')), false) and coalesce(sum(pg_relation_size(s.relation)), 0) <= 1048576
    into v_is_empty
    from vessel_activity.source_relations() as s
    where s.source = v_source;
    -- A small file may hold only dead rows, and a table that Citus manages has its rows in shards. Citus needs the column and the limit.
    if v_is_empty and has_table_privilege(vessel_activity.actual_table(v_source), 'select')
      and not row_security_active(vessel_activity.actual_table(v_source))
    then
      execute format('select not exists (select 1 from %s limit 1)', vessel_activity.actual_table(v_source)) into v_is_empty;
    end if;
    if v_is_empty then
      v_empty := v_empty || v_source;
    end if;
  end loop;

  if v_empty <> '{}' then
    with alike as (
      select t.*
      from vessel_activity.similar_tables() as t
      where t.source = any (v_empty) and t.kind in ('r', 'p', 'm')
        and t.relation not in (select r.relation from vessel_activity.source_roots() as r)
        and (
          pg_relation_size(t.relation) > 0
          or exists (
            with recursive part (relation) as (
              select i.inhrelid from pg_inherits as i where i.inhparent = t.relation
              union
              select i.inhrelid from part as p join pg_inherits as i on i.inhparent = p.relation
            )
            select from part as p where pg_relation_size(p.relation) > 0
          )
        )
    )
    select string_agg(a.table_name, ', ' order by a.source desc, a.table_name) as names, (
      select 'vessel-activity migrate ' || string_agg(o.option, ' ' order by o.source desc)
        || coalesce(' --map ''' || string_agg(nullif(o.map, ''), ',' order by o.source desc) || '''', '')
      from (select distinct on (a.source) a.* from alike as a order by a.source, a.table_name) as o
    ) as adoption
    into v_similar
    from alike as a;
    if v_similar.names is not null then
      state := 'warn';
      detail := format('%s, but these similar tables hold rows: %s',
        (select string_agg(vessel_activity.actual_table(e.source), ' and ' order by e.source desc) from unnest(v_empty) as e (source))
          || case cardinality(v_empty) when 1 then ' is empty' else ' are empty' end,
        v_similar.names);
      hint := format('If those tables hold the data to count, adopt them: %s.', v_similar.adoption);
    end if;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_sources() is
  'Whether both source tables exist, and whether they are empty while similar tables hold rows, in one row like those of public.vessel_activity_status().';
