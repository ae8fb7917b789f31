-- The source tables and all their partitions and inheritance children. A statement fires the triggers of the relation that it
-- names, so each of these relations needs triggers of its own.
-- A foreign table below a source table changes that: then PostgreSQL refuses statements that would fire these triggers, so no
-- relation of that source may carry any.
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
  'vessels and vessel_positions with all their partitions and inheritance children. kind: as pg_class.relkind. has_children: the relation has partitions or children, or had some. needed_triggers: how many triggers of vessel activity the relation must carry; 0 if any relation of that source is a view or foreign table.';
