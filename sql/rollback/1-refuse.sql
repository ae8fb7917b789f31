-- Refuses to remove vessel activity from a standby, or while other objects are built on it: a view over the cached row
-- would be removed with it. Also refuses if schema vessel_activity was renamed: the triggers would stay. Changes nothing.
-- Raises read_only_sql_transaction (25006), object_not_in_prerequisite_state (55000) or dependent_objects_still_exist (2BP01).
do $$
declare
  v_dependents text;
  v_renamed name;
begin
  if pg_catalog.pg_is_in_recovery() then
    raise exception using
      errcode = 'read_only_sql_transaction',
      message = 'this server is a standby, which can''t be changed',
      hint = 'Name the primary instead.';
  end if;
  -- Citus lets only its coordinator drop the indexes.
  if pg_catalog.to_regclass('pg_catalog.pg_dist_local_group') is not null then
    execute $query$
      select pg_catalog.set_config('vessel_activity.keeps_indexes', case when g.groupid > 0 then 'yes' else '' end, false) from pg_catalog.pg_dist_local_group as g
    $query$;
  end if;
  select n.nspname into v_renamed
  from pg_catalog.pg_namespace as n
  join pg_catalog.pg_proc as p on p.pronamespace = n.oid and p.proname = 'note_positions_inserted'
  where pg_catalog.to_regnamespace('vessel_activity') is null
  limit 1;
  if v_renamed is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = pg_catalog.format('the schema vessel_activity was renamed to %I', v_renamed),
      hint = pg_catalog.format('Run alter schema %I rename to vessel_activity. Then run the rollback again. Nothing was removed.', v_renamed);
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
