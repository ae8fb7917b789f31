-- A rollback would also remove objects that users have built on vessel activity, such as a view of the cached row. This
-- finds them in pg_depend, each with the object that it depends on. The triggers on the source tables are left out, and so
-- are parts of an object of vessel activity, such as an index on the cached row.
create or replace function vessel_activity.outside_dependents()
returns table (dependent text, depends_on text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive own (classid, objid) as (
    select a.classid, a.objid
    from (
      select 'pg_class'::regclass::oid as classid, c.oid as objid
      from pg_class as c
      where c.relnamespace = 'vessel_activity'::regnamespace
        or c.oid in (to_regclass('public.vessel_activity_realtime'), to_regclass('public.vessel_activity_area'),
          to_regclass('public.vessel_activity_performance'))
      union all
      select 'pg_proc'::regclass, o.routine from vessel_activity.routines() as o
    ) as a
    union
    select d.classid, d.objid
    from own as o
    join pg_depend as d on d.refclassid = o.classid and d.refobjid = o.objid and d.deptype in ('i', 'a')
  )
  select distinct
    -- pg_depend has the rule of a view in place of the view.
    coalesce(pg_describe_object('pg_class'::regclass, r.ev_class, 0), pg_describe_object(d.classid, d.objid, d.objsubid)),
    pg_describe_object(d.refclassid, d.refobjid, 0)
  from own as o
  join pg_depend as d on d.refclassid = o.classid and d.refobjid = o.objid and d.deptype = 'n'
  left join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
  where d.classid <> 'pg_trigger'::regclass
    and not exists (select from own as i where i.classid = d.classid and i.objid = d.objid)
  order by 1, 2
$$;

comment on function vessel_activity.outside_dependents() is
  'Objects that depend on vessel activity but do not belong to it, each with the object that it depends on. A rollback would remove them.';
