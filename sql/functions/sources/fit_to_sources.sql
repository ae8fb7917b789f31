-- Adapts vessel activity to the types of the source columns, in each migrate. If a type has been altered, the columns of the
-- inbox and the state get the new type; the state is lost and will be rebuilt.
-- It also makes the functions noted_id and noted_speed, through which the triggers pass ids and speeds.
create or replace function vessel_activity.fit_to_sources()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_column record;
  v_function record;
  v_owner constant name := (select pg_get_userbyid(n.nspowner) from pg_namespace as n where n.nspname = 'vessel_activity');
begin
  if exists (select from vessel_activity.unfitting_columns()) then
    -- noted_id and noted_speed return the old type. Dropping them makes sessions plan the triggers again.
    perform vessel_activity.run_ddl(format('drop function %s', p.oid::regprocedure))
    from pg_proc as p
    where p.pronamespace = 'vessel_activity'::regnamespace and p.proname in ('noted_id', 'noted_speed');
    delete from vessel_activity.inbox;
    delete from vessel_activity.upcoming;
    delete from vessel_activity.last_report;
    delete from vessel_activity.last_report_count;
    update vessel_activity.state set fingerprint = null;
  end if;
  for v_column in select u.* from vessel_activity.unfitting_columns() as u loop
    perform vessel_activity.run_ddl(format('alter table %s alter column %I type %s using null', v_column.relation, v_column.column_name, v_column.type_name));
  end loop;

  -- One overload for each type that a source column usually has, so that no call is ambiguous, and one for all other types.
  -- A value that fits the column of the inbox is passed on; PostgreSQL inlines the function, so this costs nothing. Any other
  -- value becomes NULL, so that the writer does not fail. The noted row is then useless but harmless: refreshes notice the
  -- other type and compute by the definition.
  for v_function in
    select distinct on (n.noted, t.oid)
      n.noted, t.oid::regtype as given, k.atttypid::regtype as kept,
      t.oid = k.atttypid
        or n.noted = 'noted_id' and t.typcategory = 'S' and y.typcategory = 'S'
        or n.noted = 'noted_id' and t.typcategory = 'N' and y.typcategory = 'N' and t.typlen <= y.typlen as passes
    from (values
      ('noted_id', 'vessel_id', '{text,varchar,bpchar,uuid,int2,int4,int8,anyelement}'::regtype[]),
      ('noted_speed', 'speed', '{numeric,float4,float8,int2,int4,int8,anyelement}'::regtype[])
    ) as n (noted, kept_column, given)
    join pg_attribute as k on k.attrelid = 'vessel_activity.inbox'::regclass and k.attname = n.kept_column
    join pg_type as y on y.oid = k.atttypid
    join pg_type as t on t.oid = any (n.given) or t.oid = k.atttypid
  loop
    perform vessel_activity.run_ddl(format(
      'create or replace function vessel_activity.%1$I(p_value %2$s) returns %3$s language sql immutable parallel safe %4$s; '
      'alter function vessel_activity.%1$I(%2$s) owner to %6$I; '
      'comment on function vessel_activity.%1$I(%2$s) is %5$L',
      v_function.noted, v_function.given, v_function.kept,
      format(
        case when v_function.passes then 'return p_value::%s' else 'set search_path = pg_catalog, pg_temp as ''select null::%s''' end,
        v_function.kept),
      case when v_function.passes then 'Returns p_value, which fits the column of the inbox.'
        else 'Returns NULL: the column of the inbox can''t hold this type. The source column got the type after the last migrate.' end,
      v_owner));
  end loop;
end
$$;

comment on function vessel_activity.fit_to_sources() is
  'Gives the inbox and the state the types of the source columns, and makes noted_id() and noted_speed() for these types.';
