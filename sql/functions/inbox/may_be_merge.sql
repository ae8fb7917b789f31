-- Says whether the statement that fired a trigger may be a MERGE. The answer is no only if the statement's text is known and
-- names no MERGE. There are four ways to run a statement:
--   * A client sends it: current_query() is its text.
--   * A function of any language but SQL runs it: the context has its text.
--   * A function of language SQL runs it: the context has the name of the function only, so functions of that name are read.
--   * EXECUTE runs it: the session knows the texts of its prepared statements.
-- p_context is that of the trigger function, whose own line comes first.
create or replace function vessel_activity.may_be_merge(p_query text, p_context text)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- NULL if no function runs the statement.
  v_callers constant text := substr(p_context, nullif(strpos(p_context, chr(10)), 0) + 1);
begin
  if p_query is null and v_callers is null then
    return true;
  end if;
  if vessel_activity.names_merge(p_query) or vessel_activity.names_merge(v_callers) then
    return true;
  end if;
  if (strpos(lower(p_query), 'execute') > 0 or strpos(lower(v_callers), 'execute') > 0)
    and exists (select from pg_prepared_statements as s where vessel_activity.names_merge(s.statement))
  then
    return true;
  end if;
  if v_callers is null or starts_with(v_callers, 'SQL statement "') then
    return false;
  end if;
  -- If these words are translated, the functions are read needlessly.
  return exists (
    select
    from pg_proc as p
    where p.prolang = (select l.oid from pg_language as l where l.lanname = 'sql')
      and strpos(v_callers, p.proname) > 0
      and vessel_activity.names_merge(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc))
  );
end
$$;

comment on function vessel_activity.may_be_merge(text, text) is
  'Whether the statement that fired a trigger may be a MERGE. p_query: current_query(). p_context: PG_CONTEXT of the trigger function.';
