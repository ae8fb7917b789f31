-- Which relations the sources consist of. One that comes and goes between two refreshes leaves no trace in the catalogs,
-- so whoever writes through a relation with children compares this with what the state was built from.
-- Called by note_tree and refresh_at.
create or replace function vessel_activity.source_tree()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select string_agg(s.relation::text, ',' order by s.relation) from vessel_activity.source_relations() as s
$$;

comment on function vessel_activity.source_tree() is 'The oids of all source relations, ascending, with commas between.';
