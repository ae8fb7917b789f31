-- The body of an SQL function, for a query that can't call it: PostgreSQL inlines the function as it is, but the query reads other
-- relations (see by_shard).
create or replace function vessel_activity.spelled_out(p_function regprocedure, p_arguments text[])
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_function record;
  v_text text;
begin
  select p.prosrc, p.proargnames, p.pronargs into strict v_function from pg_proc as p where p.oid = p_function;
  v_text := v_function.prosrc;
  for v_number in 1 .. v_function.pronargs loop
    v_text := regexp_replace(v_text, format('\m%s\M', v_function.proargnames[v_number]), replace(p_arguments[v_number], chr(92), repeat(chr(92), 2)), 'g');
  end loop;
  return v_text;
end
$$;

comment on function vessel_activity.spelled_out(regprocedure, text[]) is
  'The text of an SQL function with expressions in place of its arguments.';
