-- Each migrate records the functions that it installs in vessel_activity_migrations.routine. All other functions in schema
-- vessel_activity are of an earlier version, and so are those in schema public that an earlier migrate recorded. noted_id and
-- noted_speed are made by fit_to_sources.
create or replace function vessel_activity.superseded_routines()
returns table (routine regprocedure, dependents text)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with recursive recorded as materialized (
    select to_regprocedure(r.signature)::oid as oid, r.ddl is not null as is_current
    from vessel_activity_migrations.routine as r
    where r.kind <> 'view'
  ),
  superseded as materialized (
    select p.oid
    from pg_proc as p
    where p.pronamespace = 'vessel_activity'::regnamespace and p.proname not in ('noted_id', 'noted_speed')
      and not exists (select from recorded as r where r.oid = p.oid and r.is_current)
    union
    select p.oid
    from recorded as r
    join pg_proc as p on p.oid = r.oid
    where not r.is_current
  ),
  built_on (routine, classid, objid) as (
    select s.oid, 'pg_proc'::regclass::oid, s.oid from superseded as s
    union
    select b.routine, case when w.oid is null then d.classid else 'pg_class'::regclass::oid end, coalesce(w.ev_class, d.objid)
    from built_on as b
    join pg_depend as d on d.refclassid = b.classid and d.refobjid = b.objid and d.deptype in ('n', 'a', 'i')
    left join pg_rewrite as w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
  )
  select s.oid::regprocedure,
    (
      select string_agg(pg_describe_object(b.classid, b.objid, 0), ', ' order by b.objid)
      from built_on as b
      where b.routine = s.oid and b.classid <> 'pg_type'::regclass
        and not (b.classid = 'pg_proc'::regclass and b.objid in (select o.oid from superseded as o))
    )
  from superseded as s
  order by s.oid::regprocedure::text
$$;

comment on function vessel_activity.superseded_routines() is
  'The functions that an earlier version installed and this version does not have, each with the other objects that are built on it (NULL: there are none).';
