-- The source tables and all their partitions and inheritance children, with the triggers that each must carry. A statement
-- fires the triggers of the relation that it names, so each relation needs triggers of its own.
-- No relation of a source may carry triggers if one of these is true. The column refusal says which.
--   * A view, or a foreign table below a source table: PostgreSQL refuses statements that would fire such triggers.
--   * Citus manages a relation. Citus may run its triggers on another server, which has no inbox, or not at all. Each such
--     relation carries a trigger that runs citus_truncate_trigger().
--   * A column that the triggers read is virtual (see virtual_columns).
--   * A table has inheritance children. Former children can't be told apart from present ones, so the triggers are of no use.
-- BEGIN ATOMIC instead of a pinned search_path, so that PostgreSQL can inline it.
create or replace function vessel_activity.source_relations()
returns table (source text, relation oid, kind "char", has_children boolean, needed_triggers integer, refusal text)
language sql stable
begin atomic
  with member as materialized (
    select m.source, m.relation, c.relkind, c.relkind = 'p' or c.relhassubclass as has_children,
      c.relkind = 'r' and c.relhassubclass and exists (select from pg_inherits as i where i.inhparent = m.relation) as has_heirs
    from vessel_activity.source_members() as m
    join pg_class as c on c.oid = m.relation
  ),
  refused as (
    select m.source,
      coalesce(
        min(m.relation::regclass::text) filter (where m.relkind not in ('r', 'p'))
          || ' is a view or foreign table and can carry no triggers',
        (
          select min(t.tgrelid::regclass::text) || ' is managed by Citus, so triggers do not see all changes'
          from pg_proc as p
          join pg_depend as d on d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid and d.classid = 'pg_trigger'::regclass
          join pg_trigger as t on t.oid = d.objid
          where p.proname = 'citus_truncate_trigger' and t.tgrelid in (select c.relation from member as c where c.source = m.source)
        ),
        (
          select format('%s.%I', vessel_activity.actual_table(m.source), min(a.attname)) || ' is a virtual generated column, which triggers can''t read'
          from pg_attribute as a
          where a.attrelid = to_regclass(vessel_activity.actual_table(m.source)) and a.attgenerated = 'v' and not a.attisdropped
            and a.attname in (
              select vessel_activity.actual_column(k.source, k.name)
              from (values
                ('vessel_positions', 'vesselId'), ('vessel_positions', 'timestamp'), ('vessel_positions', 'speed'),
                ('vessels', 'vesselType'), ('vessels', 'flag'), ('vessels', 'active')
              ) as k (source, name)
              where k.source = m.source
            )
          having count(*) > 0
        ),
        case when bool_or(m.has_heirs) then
          'a source table has inheritance children; present children can''t be told apart from former ones'
        end) as reason
    from member as m
    group by m.source
  )
  select m.source, m.relation, m.relkind, m.has_children,
    case
      when r.reason is not null then 0
      else 3 + case when m.relkind = 'r' then 1 else 0 end + case when m.has_children then 2 else 0 end
    end,
    r.reason
  from member as m
  join refused as r on r.source = m.source;
end;

comment on function vessel_activity.source_relations() is
  'vessels and vessel_positions with all their partitions and inheritance children. kind: as pg_class.relkind. has_children: the relation has partitions or children, or had some. needed_triggers: how many triggers of vessel activity the relation must carry. refusal: why no relation of that source may carry any; NULL if they may.';
