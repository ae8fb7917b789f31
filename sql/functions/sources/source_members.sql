-- The relations that the source tables consist of: the tables themselves, their partitions and their inheritance children.
-- note_tree runs this at every statement on a partitioned table, so it reads nothing but the tree.
-- BEGIN ATOMIC instead of a pinned search_path, so that PostgreSQL can inline it.
create or replace function vessel_activity.source_members()
returns table (source text, relation oid)
language sql stable
begin atomic
  with recursive tree (source, relation) as (
    select s.source, to_regclass('public.' || s.source)::oid
    from (values ('vessels'), ('vessel_positions')) as s (source)
    where to_regclass('public.' || s.source) is not null
    union
    select t.source, i.inhrelid
    from tree as t
    join pg_inherits as i on i.inhparent = t.relation and not i.inhdetachpending
  )
  select t.source, t.relation from tree as t;
end;

comment on function vessel_activity.source_members() is
  'vessels and vessel_positions with all their partitions and inheritance children.';
