-- The source tables and, below each, its partitions and inheritance children: every relation that a statement can be
-- aimed at and that needs triggers of its own, since a statement fires those of the relation it names.
-- With a foreign table among them PostgreSQL refuses the statements of writers that would fire triggers like ours, so
-- then none of that source's may carry any. install_triggers knows which they are.
-- Called by install_triggers, source_tree and source_fingerprint.
create or replace function vessel_activity.source_relations()
returns table (source text, relation oid, kind "char", has_children boolean, needed_triggers integer)
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
  select t.source, t.relation, c.relkind, k.has_children,
    case when not bool_and(c.relkind in ('r', 'p')) over (partition by t.source) then 0 when k.has_children then 5 else 3 end
  from tree as t
  join pg_class as c on c.oid = t.relation
  cross join lateral (select c.relkind = 'p' or c.relhassubclass) as k (has_children)
$$;

comment on function vessel_activity.source_relations() is
  'vessels and vessel_positions with all their partitions and inheritance children: kind as in pg_class.relkind, has_children: it has some or once had, needed_triggers: how many of ours it must carry, none where a relation of that source is a view or foreign table.';
