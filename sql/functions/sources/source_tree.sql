-- Lists the relations that the source tables consist of. A partition that comes and goes between two refreshes leaves no trace
-- in the catalogs. So the triggers compare this list with the one from when the state was built.
create or replace function vessel_activity.source_tree()
returns oid[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array(select m.relation from vessel_activity.source_members() as m order by m.relation)
$$;

comment on function vessel_activity.source_tree() is
  'The oids of all relations of the source tables, ascending.';
