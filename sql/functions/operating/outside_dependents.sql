-- What others have built on the product, such as a view over the cached row, and on what of it: it would go with the
-- product. Read from the catalog, in which each object stands with those that it can't be without. Our triggers on the
-- source tables are left out, and so is what belongs to an object of ours as a part, such as an index on the cached row.
-- Called by migrate.py before anything is removed.
create or replace function vessel_activity.outside_dependents()
returns table (dependent text, depends_on text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive ours (classid, objid) as (
    select a.classid, a.objid
    from (
      select 'pg_class'::regclass::oid as classid, c.oid as objid
      from pg_class as c
      where c.relnamespace = 'vessel_activity'::regnamespace
        or c.oid in (to_regclass('public.vessel_activity_realtime'), to_regclass('public.vessel_activity_performance'))
      union all
      select 'pg_proc'::regclass, o.routine from vessel_activity.our_routines() as o
    ) as a
    union
    select d.classid, d.objid
    from ours as o
    join pg_depend as d on d.refclassid = o.classid and d.refobjid = o.objid and d.deptype in ('i', 'a')
  )
  select distinct
    -- A view stands there by its rule.
    coalesce(pg_describe_object('pg_class'::regclass, r.ev_class, 0), pg_describe_object(d.classid, d.objid, d.objsubid)),
    pg_describe_object(d.refclassid, d.refobjid, 0)
  from ours as o
  join pg_depend as d on d.refclassid = o.classid and d.refobjid = o.objid and d.deptype = 'n'
  left join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
  where d.classid <> 'pg_trigger'::regclass
    and not exists (select from ours as i where i.classid = d.classid and i.objid = d.objid)
  order by 1, 2
$$;

comment on function vessel_activity.outside_dependents() is
  'Objects that are not the product''s and depend on it, each with what it depends on: a rollback would take them away.';
