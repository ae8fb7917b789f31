-- Citus lets only its coordinator alter a table and its indexes. A database without Citus may do all that itself.
create or replace function vessel_activity.is_coordinator()
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_group integer := 0;
begin
  if to_regclass('pg_catalog.pg_dist_local_group') is not null then
    execute 'select g.groupid from pg_dist_local_group as g' into v_group;
  end if;
  return v_group = 0;
end
$$;

comment on function vessel_activity.is_coordinator() is
  'False on a node of Citus that is not the coordinator, else true.';
