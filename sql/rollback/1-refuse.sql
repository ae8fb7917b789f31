-- Refuses to remove vessel activity from a standby, or while other objects are built on it: a view over the cached row
-- would be removed with it. Changes nothing.
-- Raises read_only_sql_transaction (25006) or dependent_objects_still_exist (2BP01).
do $$
declare
  v_dependents text;
begin
  if pg_catalog.pg_is_in_recovery() then
    raise exception using
      errcode = 'read_only_sql_transaction',
      message = 'this server is a standby, which can''t be changed',
      hint = 'Name the primary instead.';
  end if;
  -- An installation that was killed half-way may lack the function.
  if pg_catalog.to_regprocedure('vessel_activity.outside_dependents()') is not null then
    execute $query$
      select pg_catalog.string_agg(pg_catalog.format('%s depends on %s', o.dependent, o.depends_on), '; ' order by o.dependent, o.depends_on)
      from vessel_activity.outside_dependents() as o
    $query$ into v_dependents;
  end if;
  if v_dependents is not null then
    raise exception using
      errcode = 'dependent_objects_still_exist',
      message = 'other objects are built on vessel activity and would be removed with it: ' || v_dependents,
      hint = 'Drop them, or change them so that they do without it. Then run the rollback again. Nothing was removed.';
  end if;
end
$$;
