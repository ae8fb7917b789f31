-- For people: see vessel_activity.status. Also says if schema vessel_activity itself is gone.
create or replace function public.vessel_activity_status()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Without the schema no check can run.
  if to_regnamespace('vessel_activity') is null then
    check_name := 'installation';
    state := 'fail';
    select format('the schema vessel_activity was renamed to %I', n.nspname),
      format('Run alter schema %I rename to vessel_activity. Until then no refresh can run, and changes of the source tables are not noted.', n.nspname)
    into detail, hint
    from pg_namespace as n
    where exists (select from pg_proc as p where p.pronamespace = n.oid and p.proname = 'note_positions_inserted')
    limit 1;
    if detail is null then
      detail := 'the schema vessel_activity was dropped';
      hint := 'Run vessel-activity migrate, which installs it again. The history and the settings are lost.';
    end if;
    return next;
    return;
  end if;

  return query select s.* from vessel_activity.status() as s;
end
$$;

comment on function public.vessel_activity_status() is
  'Checks whether vessel activity works. Each row is a check: its state (ok, warn or fail), what was found, and what to do. Example: select * from public.vessel_activity_status().';
