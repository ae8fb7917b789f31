-- The relations whose rows a query of a source table reads: the table, or a view and what it is made of.
create or replace function vessel_activity.relations_read(p_source text)
returns table (relation oid)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive relation (id) as (
    select c.oid from pg_class as c where c.oid = to_regclass(vessel_activity.actual_table(p_source))
    union
    select d.refobjid
    from relation as v
    join pg_rewrite as w on w.ev_class = v.id
    join pg_class as c on c.oid = v.id and c.relkind = 'v'
    join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
  )
  select r.id from relation as r
$$;

comment on function vessel_activity.relations_read(text) is
  'The source table, and if that is a view, the relations below it. p_source: vessels or vessel_positions.';
