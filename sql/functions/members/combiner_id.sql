-- Members keep the areas of each combining database apart by this. It outlives restarts, and a standby that was promoted has it too.
create or replace function vessel_activity.combiner_id()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select md5(concat_ws('/', c.system_identifier, d.oid))
  from pg_control_system() as c
  cross join pg_database as d
  where d.datname = current_database()
$$;

comment on function vessel_activity.combiner_id() is
  'Which database this is, for the members that it asks.';
