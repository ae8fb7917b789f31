-- Gives the inbox and the state the types of the source columns they hold, where those have been altered since, and
-- makes the function noted_id, through which the triggers pass the vessel's id. The state is lost then, and rebuilt.
-- Called by migrate.
create or replace function vessel_activity.fit_to_sources()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_column record;
  v_id_type text;
begin
  for v_column in select u.* from vessel_activity.unfitting_columns() as u loop
    delete from vessel_activity.inbox;
    delete from vessel_activity.upcoming;
    delete from vessel_activity.last_seen;
    update vessel_activity.state set fingerprint = null;
    execute format('alter table %s alter column %I type %s using null', v_column.relation, v_column.column_name, v_column.type_name);
  end loop;

  -- Two overloads: an id of the expected type passes unchanged, at no cost, since it is inlined. Once the source column
  -- has been altered to a type that doesn't fit, the other one is chosen, and the writer goes on: what it notes then is
  -- of no use, and of no harm, since refreshes see the other type and compute by the definition.
  select format_type(a.atttypid, null) into strict v_id_type
  from pg_attribute as a
  where a.attrelid = 'vessel_activity.inbox'::regclass and a.attname = 'vessel_id';
  execute coalesce((
    select string_agg(format('drop function %s', p.oid::regprocedure), '; ')
    from pg_proc as p
    where p.pronamespace = 'vessel_activity'::regnamespace and p.proname = 'noted_id'
  ), '');
  execute format(
    'create function vessel_activity.noted_id(p_id %1$s) returns %1$s language sql immutable parallel safe return p_id; '
    'create function vessel_activity.noted_id(p_id anyelement) returns %1$s language sql immutable parallel safe '
    'set search_path = pg_catalog, pg_temp as ''select null::%1$s''; '
    'comment on function vessel_activity.noted_id(%1$s) is %2$L; comment on function vessel_activity.noted_id(anyelement) is %3$L',
    v_id_type,
    'p_id unchanged: it is of the type that the inbox holds.',
    'NULL: the type of vessel_positions."vesselId" was altered after the last migrate, and the inbox can''t hold it.');
end
$$;

comment on function vessel_activity.fit_to_sources() is
  'Gives the inbox and the state the types of the source columns, and makes noted_id() for the id''s type.';
