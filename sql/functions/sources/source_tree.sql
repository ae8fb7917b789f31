-- Lists the relations that the source tables consist of. A partition that comes and goes between two refreshes leaves no trace
-- in the catalogs. So note_tree compares this list with the one from when the state was built.
create or replace function vessel_activity.source_tree()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select string_agg(s.relation::text, ',' order by s.relation) from vessel_activity.source_relations() as s
$$;

comment on function vessel_activity.source_tree() is
  'The oids of all relations of the source tables, ascending, separated by commas.';
