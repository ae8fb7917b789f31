-- Simulated vessels are not mixed with real ones. Called by demo.py and fill.
-- Raises object_not_in_prerequisite_state (55000) in a database that holds vessels of another origin.
create or replace function vessel_activity_demo.refuse_real_vessels()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from public.vessels as v where v.name is null or v.name not like 'SIM %')
    or exists (select from public.vessel_positions)
      and not exists (select from public.vessels as v where v.name like 'SIM %')
  then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'this database holds real vessels or positions; simulated ones are not mixed with them',
      hint = 'Run the demo without DATABASE_URL, or on an empty database.';
  end if;
end
$$;

comment on function vessel_activity_demo.refuse_real_vessels() is 'Raises an error where the database holds vessels that are not simulated.';
