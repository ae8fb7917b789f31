-- The relations that the source tables consist of: their roots, with the partitions and inheritance children of these.
-- note_tree runs this at every statement on a partitioned table, so it reads nothing but the tree.
-- It pins no search_path, so that PostgreSQL can inline it: every name and operator is qualified. BEGIN ATOMIC is not possible:
-- this file is installed before that of source_roots.
create or replace function vessel_activity.source_members()
returns table (source text, relation oid)
language sql stable
as $$
  with recursive tree (source, relation) as (
    select r.source, r.relation from vessel_activity.source_roots() as r
    union
    select t.source, i.inhrelid
    from tree as t
    join pg_catalog.pg_inherits as i on i.inhparent operator(pg_catalog.=) t.relation and not i.inhdetachpending
  )
  select t.source, t.relation from tree as t
$$;

comment on function vessel_activity.source_members() is
  'vessels and vessel_positions with all their partitions and inheritance children.';
