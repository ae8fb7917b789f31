-- The source tables and, below each, its partitions and inheritance children: every relation that a statement can be
-- aimed at and that needs triggers of its own, since a statement fires those of the relation it names.
-- Called by install_triggers.
create or replace function vessel_activity.source_relations()
returns table (source text, relation oid)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive tree (source, relation) as (
    select s.source, to_regclass('public.' || s.source)::oid
    from (values ('vessels'), ('vessel_positions')) as s (source)
    where to_regclass('public.' || s.source) is not null
    union
    select t.source, i.inhrelid
    from tree as t
    join pg_inherits as i on i.inhparent = t.relation and not i.inhdetachpending
  )
  select t.source, t.relation from tree as t
$$;

comment on function vessel_activity.source_relations() is
  'vessels and vessel_positions with all their partitions and inheritance children, as (source, relation).';
