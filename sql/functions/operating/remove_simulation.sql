-- Removes simulated vessels before vessel activity is removed, because their schema uses tables of vessel activity.
-- An operator may change the settings. So this calls remove() only if its owner is trusted: a superuser, the current role,
-- or the owner of vessel activity. Otherwise an operator could run code with the rights of the role that calls this.
-- Raises insufficient_privilege (42501) if remove() belongs to another role, and the errors of remove().
create or replace function vessel_activity.remove_simulation()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_simulation constant name := vessel_activity.simulation();
  v_owner name;
  v_is_trusted boolean;
begin
  select r.rolname, r.rolsuper or r.rolname = current_user or r.oid = own.nspowner
  into v_owner, v_is_trusted
  from pg_proc as p
  join pg_roles as r on r.oid = p.proowner
  join pg_namespace as own on own.nspname = 'vessel_activity'
  where p.oid = to_regprocedure(quote_ident(v_simulation) || '.remove()');
  if v_is_trusted then
    execute format('select %I.remove()', v_simulation);
  elsif v_owner is not null then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('%I.remove(), which vessel_activity.settings names as the simulation, belongs to %I', v_simulation, v_owner),
      hint = 'Look at that function. Then call it yourself, or run: update vessel_activity.settings set simulation = null;';
  end if;
  update vessel_activity.settings set simulation = null where simulation is not null;
end
$$;

comment on function vessel_activity.remove_simulation() is
  'Removes the simulated vessels, if there are any, by calling the function remove() of their schema.';
