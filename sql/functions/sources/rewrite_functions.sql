-- Rewrites the functions that read the source tables: see remapped. Then replaces p_from by p_to in them.
-- Functions with a body of parsed SQL (BEGIN ATOMIC) read no source table.
create or replace function vessel_activity.rewrite_functions(p_from text[] default '{}', p_to text[] default '{}')
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_has_names boolean := false;
  v_function record;
  v_text text;
begin
  if to_regclass('vessel_activity_migrations.source_name') is not null then
    v_has_names := exists (select from vessel_activity_migrations.source_name);
  end if;
  for v_function in
    select pg_get_functiondef(p.oid) as definition, p.prosrc as text,
      case when p.prorettype = 'trigger'::regtype then case when p.proname like 'note_vessels%' then 'vessels' else 'vessel_positions' end end as rows_of
    from pg_proc as p
    where p.pronamespace = 'vessel_activity'::regnamespace and p.prokind in ('f', 'p') and p.prosqlbody is null
      and p.proname not in ('remapped', 'rewrite_functions')
    order by p.oid
  loop
    -- What has been rewritten reads "(select ... from TABLE as source) as v". With the usual names the rows of a trigger stay as they are.
    v_text := v_function.text;
    if v_text not like '% as source) as %' and (v_function.rows_of is null or v_has_names) then
      v_text := vessel_activity.remapped(v_text, v_function.rows_of);
    end if;
    for v_number in 1 .. cardinality(p_from) loop
      v_text := replace(v_text, p_from[v_number], p_to[v_number]);
    end loop;
    if v_text <> v_function.text then
      perform vessel_activity.run_ddl(
        left(v_function.definition, strpos(v_function.definition, E'\nAS $function')) || 'as ' || quote_literal(v_text));
    end if;
  end loop;
end
$$;

comment on function vessel_activity.rewrite_functions(text[], text[]) is
  'Makes every function read the source tables as vessel_activity.actual_rows() says, and replaces each text of p_from by that of p_to in it.';
