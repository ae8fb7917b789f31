-- Whether changes of a relation are still changes of a source table: a detached partition, or a table renamed away, keeps
-- our triggers. Called by the note_* triggers where the relation is not the source table itself.
create or replace function vessel_activity.is_source(p_source text, p_relation oid)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from vessel_activity.source_relations() as s where s.source = p_source and s.relation = p_relation
  )
$$;

comment on function vessel_activity.is_source(text, oid) is
  'Whether p_relation is the table p_source or one of its partitions or inheritance children.';
