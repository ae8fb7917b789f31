-- Reads from the rights in the catalogs which roles have which purpose. A role has a purpose if it may execute every function of
-- it by a right of its own. So a role that was dropped or renamed, or lost a right by hand, needs no book-keeping.
create or replace function vessel_activity.granted()
returns table (role name, purpose text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with part as (
    select a.grantee, e.purpose
    from vessel_activity.entry_points() as e
    join pg_proc as p on p.oid = e.routine
    cross join lateral aclexplode(p.proacl) as a
    where a.privilege_type = 'EXECUTE' and a.grantee <> p.proowner
    group by a.grantee, e.purpose
    having count(distinct e.routine) = (select count(*) from vessel_activity.entry_points() as n where n.purpose = e.purpose)
  ),
  held as (
    select r.rolname, v.purpose, vessel_activity.purpose_parts(v.purpose) as parts
    from pg_roles as r
    cross join (values ('reader'), ('server'), ('operator'), ('feeder'), ('combiner')) as v (purpose)
    where vessel_activity.purpose_parts(v.purpose) <@ array(select p.purpose from part as p where p.grantee = r.oid)
  )
  select h.rolname, h.purpose
  from held as h
  where not exists (select from held as o where o.rolname = h.rolname and o.purpose <> h.purpose and h.purpose = any (o.parts))
  order by 1, 2
$$;

comment on function vessel_activity.granted() is
  'The roles that have a purpose, each with its greatest one, and feeder and combiner besides. Example: select * from vessel_activity.granted().';
