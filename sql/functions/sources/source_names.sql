-- Says in a part which relations it covers, so that whoever adds parts up can tell that none is missing.
create or replace function vessel_activity.source_names()
returns text[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array(select r.relation::regclass::text from vessel_activity.source_roots() as r order by r.relation::regclass::text collate "C")
$$;

comment on function vessel_activity.source_names() is
  'The names of the relations that hold the rows of the source tables on this node, sorted.';
