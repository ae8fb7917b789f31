-- Every migrate ends the installation of the functions with this. PostgreSQL lets all roles execute a new function, and default
-- privileges may give new functions and tables to further roles. So it takes all rights but those of the owner and of the
-- purposes, and gives each purpose anew: an upgrade may have brought new functions.
-- Before a migrate installs functions, it notes the purposes in the setting vessel_activity.granted (vessel_activity/install/
-- functions.py), since a function that is dropped and made anew loses its rights.
-- SELECT on the cached row and on vessel_activity_performance stays, to whomever it was given by hand.
-- What a superuser made in a migrate is given to the owner of the schema: a function runs with the rights of its owner.
create or replace function vessel_activity.renew_rights()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner constant name := (select pg_get_userbyid(n.nspowner) from pg_namespace as n where n.nspname = 'vessel_activity');
  v_noted constant json := nullif(current_setting('vessel_activity.granted', true), '');
  v_ddl text;
  v_role record;
begin
  for v_ddl in
    select format('alter routine %s owner to %I', o.routine, v_owner)
    from vessel_activity.routines() as o
    join pg_proc as p on p.oid = o.routine
    where pg_get_userbyid(p.proowner) <> v_owner
    union all
    select format('alter table %s owner to %I', c.oid::regclass, v_owner)
    from pg_class as c
    where c.relkind in ('r', 'v', 'S') and pg_get_userbyid(c.relowner) <> v_owner
      and (c.relnamespace = 'vessel_activity'::regnamespace or c.oid in (to_regclass('public.vessel_activity_area'), to_regclass('public.vessel_activity_performance')))
      and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
        and c.relkind = 'S')
    union all
    select format('alter type %s owner to %I', t.oid::regtype, v_owner)
    from pg_type as t
    join pg_class as c on c.oid = t.typrelid and c.relkind = 'c'
    where t.typnamespace = 'vessel_activity'::regnamespace and pg_get_userbyid(t.typowner) <> v_owner
    union all
    select format('revoke all on routine %s from %s cascade', string_agg(o.routine::text, ', '), g.grantee)
    from vessel_activity.routines() as o
    join pg_proc as p on p.oid = o.routine
    cross join lateral (
      select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
      from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
      where a.grantee <> p.proowner and pg_get_userbyid(a.grantee) <> v_owner
    ) as g
    group by g.grantee
    union all
    select format('revoke all on %s%s from %s cascade', case c.relkind when 'S' then 'sequence ' else '' end, c.oid::regclass, g.grantee)
    from pg_class as c
    cross join lateral (
      select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
      from aclexplode(c.relacl) as a
      where a.grantee <> c.relowner and pg_get_userbyid(a.grantee) <> v_owner
    ) as g
    where (c.relnamespace in ('vessel_activity'::regnamespace, to_regnamespace('vessel_activity_migrations'))
        or c.oid = to_regclass('public.vessel_activity_area'))
      and c.relkind in ('r', 'v', 'S')
    union all
    select format('revoke all on schema %I from %s cascade', n.nspname, g.grantee)
    from pg_namespace as n
    cross join lateral (
      select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
      from aclexplode(n.nspacl) as a
      where a.grantee <> n.nspowner and pg_get_userbyid(a.grantee) <> v_owner
        -- give_rights looks after the others: the fingerprint of the state contains the row version of the schema.
        and (n.nspname <> 'vessel_activity'
          or pg_get_userbyid(a.grantee) not in (select r.role from json_to_recordset(v_noted) as r (role name)))
    ) as g
    where n.nspname in ('vessel_activity', 'vessel_activity_migrations')
    union all
    select format('revoke %s on %s from %s cascade', g.rights, c.oid::regclass, g.grantee)
    from pg_class as c
    cross join lateral (
      select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee,
        string_agg(distinct a.privilege_type, ', ') as rights
      from aclexplode(c.relacl) as a
      where a.grantee <> c.relowner and pg_get_userbyid(a.grantee) <> v_owner and a.privilege_type <> 'SELECT'
      group by a.grantee
    ) as g
    where c.oid in (to_regclass('public.vessel_activity_realtime'), to_regclass('public.vessel_activity_performance'))
  loop
    perform vessel_activity.run_ddl(v_ddl);
  end loop;

  for v_role in
    select g.role, array_agg(g.purpose) as purposes
    from json_to_recordset(v_noted) as g (role name, purpose text)
    where exists (select from pg_roles as r where r.rolname = g.role)
    group by g.role
  loop
    perform vessel_activity.give_rights(v_role.role, v_role.purposes);
  end loop;
end
$$;

comment on function vessel_activity.renew_rights() is
  'Takes all rights on vessel activity but those of its owner and of the purposes, and gives the purposes that the setting vessel_activity.granted names anew. Gives objects that a superuser made to the owner.';
