-- The extension dblink can be in any schema. So every call of its functions is built with the name of that schema, and needs
-- no search_path. Raises undefined_object (42704) if the extension is not installed.
create or replace function vessel_activity.dblink_schema()
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schema text;
begin
  select quote_ident(n.nspname) into v_schema
  from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
  where e.extname = 'dblink';
  if v_schema is null then
    raise exception using
      errcode = 'undefined_object',
      message = 'the extension dblink is not installed in this database',
      hint = 'Run create extension dblink as a superuser. It is part of PostgreSQL (contrib).';
  end if;
  return v_schema;
end
$$;

comment on function vessel_activity.dblink_schema() is
  'The schema of the extension dblink, quoted as an identifier. Raises undefined_object if it is not installed.';
