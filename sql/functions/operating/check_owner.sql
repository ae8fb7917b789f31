-- If a superuser owns vessel activity, a less privileged owner of a source table could run code as that superuser. The casts
-- of a column's type run in the triggers and refreshes of vessel activity. The functions also run with the rights of their
-- owner when other roles call them, so none may belong to another role.
create or replace function vessel_activity.check_owner()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner record;
  v_strange text;
begin
  check_name := 'owner';
  state := 'ok';
  select r.rolname, string_agg(distinct t.rolname, ', ') filter (where r.rolsuper and not t.rolsuper) as others
  into v_owner
  from pg_namespace as n
  join pg_roles as r on r.oid = n.nspowner
  left join vessel_activity.source_relations() as s on true
  left join pg_class as c on c.oid = s.relation
  left join pg_roles as t on t.oid = c.relowner
  where n.nspname = 'vessel_activity'
  group by r.rolname;
  detail := format('the functions of vessel activity belong to %I', v_owner.rolname);
  select string_agg(format('%s of %I', o.routine, pg_get_userbyid(p.proowner)), ', ' order by o.name) into v_strange
  from vessel_activity.routines() as o
  join pg_proc as p on p.oid = o.routine
  where pg_get_userbyid(p.proowner) <> v_owner.rolname;
  if v_strange is not null then
    state := 'fail';
    detail := format('vessel activity belongs to %I, but these functions to others, with whose rights they run: %s', v_owner.rolname, v_strange);
    hint := format('Run vessel-activity migrate as a superuser, which gives them to %I.', v_owner.rolname);
  elsif v_owner.others is not null then
    state := 'warn';
    detail := format('the functions of vessel activity belong to the superuser %I, and the source tables to %s, who could run code as %1$I through the casts of a column type',
      v_owner.rolname, v_owner.others);
    hint := 'Let the owner of the source tables own vessel activity: run vessel-activity rollback (which deletes the history), then vessel-activity migrate as that role.';
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_owner() is
  'Whether all functions belong to the owner of vessel activity, and whether an owner of a source table could run code with the rights of a superuser, in one row like those of public.vessel_activity_status().';
