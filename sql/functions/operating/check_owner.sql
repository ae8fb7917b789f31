-- Whether somebody with fewer rights than the owner of vessel activity could make it run code with its owner's rights.
create or replace function vessel_activity.check_owner()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner record;
begin
  check_name := 'owner';
  state := 'ok';
  -- A column's type brings casts with it, and those run in our triggers and refreshes.
  select r.rolname, string_agg(distinct t.rolname, ', ') filter (where r.rolsuper and not t.rolsuper) as others
  into v_owner
  from pg_namespace as n
  join pg_roles as r on r.oid = n.nspowner
  cross join vessel_activity.source_relations() as s
  join pg_class as c on c.oid = s.relation
  join pg_roles as t on t.oid = c.relowner
  where n.nspname = 'vessel_activity'
  group by r.rolname;
  detail := format('our functions belong to %I', v_owner.rolname);
  if v_owner.others is not null then
    state := 'warn';
    detail := format('our functions belong to the superuser %I, the source tables to %s, who could give a column a type whose casts run as %1$I',
      v_owner.rolname, v_owner.others);
    hint := 'Let the owner of the tables own this too: make rollback (which forgets the trends), then make migrate as that role.';
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_owner() is
  'Whether the owner of vessel activity and those of the source tables may trust each other: one row.';
