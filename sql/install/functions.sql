-- Installs the functions whose texts are in routine.ddl (vessel_activity/install/functions.py puts them there), all or none.
-- CREATE OR REPLACE can't change the type of a result, the name of an argument or the columns of a view. Such an object is
-- dropped first, with those of vessel activity that are built on it; the next round makes these again. If an object of the user
-- is built on it, nothing is changed: raises dependent_objects_still_exist (2BP01) and names that object.
-- A function that this version does not have any more stays for now, since a running trigger may be about to call it:
-- drop_superseded() drops it later. Roles keep their rights: what a role could execute, it can execute in its new form.
-- No function or operator of another role in schema public may take part. But event triggers of the user, which run within the
-- commands, need the search_path of the caller.
do $$
declare
  v_path constant text := pg_catalog.current_setting('search_path');
  v_rights jsonb;
  v_file record;
  v_again boolean := false;
  v_dependents text;
  v_grant text;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  select pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
    'schema', g.schema, 'name', g.name, 'role', g.grantee::text, 'privilege', g.privilege_type))
  into v_rights
  from (
    select p.pronamespace, p.proname, a.grantee, a.privilege_type
    from pg_catalog.pg_proc as p
    cross join lateral pg_catalog.aclexplode(p.proacl) as a
    where a.grantee not in (0, p.proowner) and (
      p.pronamespace = pg_catalog.to_regnamespace('vessel_activity')
      or p.oid in (select pg_catalog.to_regprocedure(case when r.kind <> 'view' then r.signature end) from vessel_activity_migrations.routine as r))
    union all
    select c.relnamespace, c.relname, a.grantee, a.privilege_type
    from pg_catalog.pg_class as c
    cross join lateral pg_catalog.aclexplode(c.relacl) as a
    where a.grantee not in (0, c.relowner)
      and c.oid in (select pg_catalog.to_regclass(case when r.kind = 'view' then r.signature end) from vessel_activity_migrations.routine as r)
  ) as g (schema, name, grantee, privilege_type);

  begin
    perform pg_catalog.set_config('search_path', v_path, true);
    for v_file in select r.ddl from vessel_activity_migrations.routine as r where r.ddl <> '' order by r.path loop
      execute v_file.ddl;
    end loop;
  exception when invalid_function_definition or wrong_object_type or invalid_table_definition then
    v_again := true;
  end;
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

  while v_again loop
    v_again := false;
    for v_file in
      select r.path, r.ddl, n.names, n.kind
      from vessel_activity_migrations.routine as r
      cross join lateral (
        select pg_catalog.string_agg(a.signature, ', ') as names, min(a.kind) as kind
        from vessel_activity_migrations.routine as a
        where a.path = r.path and a.ddl is not null
      ) as n
      where r.ddl <> ''
      order by r.path
    loop
      begin
        perform pg_catalog.set_config('search_path', v_path, true);
        execute v_file.ddl;
        perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
      exception when invalid_function_definition or wrong_object_type or invalid_table_definition then
        with recursive own (classid, objid) as (
          select 'pg_catalog.pg_proc'::regclass, p.oid
          from pg_catalog.pg_proc as p
          where p.pronamespace = pg_catalog.to_regnamespace('vessel_activity')
            or p.oid in (select pg_catalog.to_regprocedure(case when r.kind <> 'view' then r.signature end) from vessel_activity_migrations.routine as r)
          union all
          select 'pg_catalog.pg_class'::regclass, c.oid
          from pg_catalog.pg_class as c
          where c.relnamespace = pg_catalog.to_regnamespace('vessel_activity')
            or c.oid in (pg_catalog.to_regclass('public.vessel_activity_realtime'), pg_catalog.to_regclass('public.vessel_activity_area'),
              pg_catalog.to_regclass('public.vessel_activity_performance'))
        ),
        built_on (classid, objid) as (
          select o.classid, o.objid
          from own as o
          join vessel_activity_migrations.routine as r on r.path = v_file.path
          where o.classid = 'pg_catalog.pg_proc'::regclass and o.objid = pg_catalog.to_regprocedure(case when r.kind <> 'view' then r.signature end)
            or o.classid = 'pg_catalog.pg_class'::regclass and o.objid = pg_catalog.to_regclass(case when r.kind = 'view' then r.signature end)
          union
          select case when w.oid is null then d.classid else 'pg_catalog.pg_class'::regclass end, coalesce(w.ev_class, d.objid)
          from built_on as b
          join pg_catalog.pg_depend as d on d.refclassid = b.classid and d.refobjid = b.objid and d.deptype in ('n', 'a', 'i')
          left join pg_catalog.pg_rewrite as w on d.classid = 'pg_catalog.pg_rewrite'::regclass and w.oid = d.objid
        )
        select pg_catalog.string_agg(pg_catalog.pg_describe_object(b.classid, b.objid, 0), ', ' order by b.objid)
        into v_dependents
        from built_on as b
        where b.classid <> 'pg_catalog.pg_type'::regclass
          and not exists (select from own as o where o.classid = b.classid and o.objid = b.objid);
        if v_dependents is not null then
          raise exception using
            errcode = 'dependent_objects_still_exist',
            message = pg_catalog.format('%s %s has another form in this version, and these objects are built on it: %s',
              v_file.kind, v_file.names, v_dependents),
            hint = 'Drop them, migrate again, and make them anew. The functions are those of the version before, and refreshes go on.';
        end if;
        perform pg_catalog.set_config('search_path', v_path, true);
        execute pg_catalog.format('drop %s if exists %s cascade',
          case v_file.kind when 'view' then 'view' else 'routine' end, v_file.names);
        execute v_file.ddl;
        perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        v_again := true;
      end;
    end loop;
  end loop;

  for v_grant in
    select pg_catalog.format('grant %s on %s %s to %I', k.privilege, case o.kind when 'view' then 'table' else 'routine' end, o.signature, a.rolname)
    from pg_catalog.jsonb_to_recordset(v_rights) as k (schema oid, name name, role oid, privilege text)
    join pg_catalog.pg_roles as a on a.oid = k.role
    join (
      select r.signature, r.kind, p.pronamespace, p.proname, p.proacl
      from vessel_activity_migrations.routine as r
      join pg_catalog.pg_proc as p on p.oid = pg_catalog.to_regprocedure(case when r.kind <> 'view' then r.signature end)
      where r.ddl is not null
      union all
      select r.signature, r.kind, c.relnamespace, c.relname, c.relacl
      from vessel_activity_migrations.routine as r
      join pg_catalog.pg_class as c on c.oid = pg_catalog.to_regclass(case when r.kind = 'view' then r.signature end)
      where r.ddl is not null
    ) as o (signature, kind, schema, name, acl) on o.schema = k.schema and o.name = k.name
    where not exists (
      select from pg_catalog.aclexplode(o.acl) as e where e.grantee = k.role and e.privilege_type = k.privilege
    )
    order by 1
  loop
    perform pg_catalog.set_config('search_path', v_path, true);
    execute v_grant;
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  end loop;
  perform pg_catalog.set_config('search_path', v_path, true);
end
$$;
