-- A call like public.vessel_activity_at('2026-01-31') could run a function, or the check of a domain, that another role has put into
-- schema public under the same name, with the rights of the caller. The calls in the documents and in the code of vessel activity
-- have exact types, so they never do. But people write calls of their own. So this check warns about such objects, and about
-- roles that may make them.
-- It also warns about rights on the functions that public.vessel_activity_grant() did not give. The next migrate takes them.
create or replace function vessel_activity.check_rights()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner constant oid := (select n.nspowner from pg_namespace as n where n.nspname = 'vessel_activity');
  v_alike text;
  v_creators text;
  v_extra record;
begin
  check_name := 'rights';
  state := 'warn';

  select string_agg(a.described, ', ' order by a.described) into v_alike
  from (
    select format('%s %s of %I', case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
      p.oid::regprocedure, pg_get_userbyid(p.proowner)) as described
    from pg_proc as p
    where p.pronamespace = 'public'::regnamespace
      and p.proname in (select o.name from vessel_activity.routines() as o where o.is_public)
      and (p.proowner <> v_owner or p.oid not in (select o.routine from vessel_activity.routines() as o))
    union all
    select format('type %s of %I', t.oid::regtype, pg_get_userbyid(t.typowner))
    from pg_type as t
    where t.typnamespace = 'public'::regnamespace
      and t.typname in (select o.name from vessel_activity.routines() as o where o.is_public)
  ) as a;
  if v_alike is not null then
    detail := 'schema public has objects with names of vessel activity that do not belong to it: ' || v_alike;
    hint := 'Drop or rename them. Until then, call the functions of vessel activity only with exact types, as the documents do: another call may run such an object with your rights.';
    return next;
    return;
  end if;

  select string_agg(g.grantee, ', ' order by g.grantee) into v_creators
  from (
    select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
    from pg_namespace as n
    cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as a
    left join pg_roles as r on r.oid = a.grantee
    where n.nspname = 'public' and a.privilege_type = 'CREATE' and a.grantee not in (v_owner, n.nspowner)
      and not coalesce(r.rolsuper, false)
  ) as g;
  if v_creators is not null then
    detail := format('other roles may create objects in schema public, also functions with names of vessel activity: %s', v_creators);
    hint := format('Run revoke create on schema public from %s. If they need it, call the functions of vessel activity only with exact types, as the documents do.', v_creators);
    return next;
    return;
  end if;

  select string_agg(distinct g.grantee, ', ') as grantees, min(g.routine) as routine into v_extra
  from (
    select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee, o.routine::text as routine
    from vessel_activity.routines() as o
    join pg_proc as p on p.oid = o.routine
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
    where a.grantee <> p.proowner and not exists (
      select from vessel_activity.entry_points() as e
      join vessel_activity.granted() as h on e.purpose = any (vessel_activity.purpose_parts(h.purpose))
      join pg_roles as r on r.rolname = h.role
      where e.routine = o.routine and r.oid = a.grantee
    )
  ) as g;
  if v_extra.grantees is not null then
    detail := format('roles have rights that public.vessel_activity_grant() did not give: %s may execute functions such as %s', v_extra.grantees, v_extra.routine);
    hint := 'Run vessel-activity migrate, which takes these rights. Then give the roles a purpose: select public.vessel_activity_grant(''role'', ''reader'').';
    return next;
    return;
  end if;

  state := 'ok';
  select coalesce(string_agg(format('%I (%s)', h.role, h.purpose), ', '), 'nobody else') into detail
  from vessel_activity.granted() as h;
  detail := 'besides the owner, these roles have rights on vessel activity: ' || detail;
  return next;
end
$$;

comment on function vessel_activity.check_rights() is
  'Which roles have rights on vessel activity, and whether objects in schema public could be mistaken for its functions, in one row like those of public.vessel_activity_status().';
