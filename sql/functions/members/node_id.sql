-- Tells two members apart that are one database under two addresses. That would count every vessel twice.
create or replace function vessel_activity.node_id()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select md5(concat_ws('/', pg_postmaster_start_time()::text, inet_server_port(), d.oid))
  from pg_database as d
  where d.datname = current_database()
$$;

comment on function vessel_activity.node_id() is
  'The same for all sessions of this database until its server is restarted, and another one for any other database.';
