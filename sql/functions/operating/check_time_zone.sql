-- Times without time zone are read as UTC. Local times would give wrong figures, and this can't be seen in the data.
create or replace function vessel_activity.check_time_zone()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_type text;
  v_column constant text := vessel_activity.actual_table('vessel_positions') || '.' || vessel_activity.actual_column('vessel_positions', 'timestamp');
begin
  select format_type(a.atttypid, a.atttypmod) into v_type
  from pg_attribute as a
  where a.attrelid = to_regclass(vessel_activity.actual_table('vessel_positions')) and a.attname = vessel_activity.actual_column('vessel_positions', 'timestamp');
  check_name := 'time zone';
  state := 'ok';
  detail := format('%s is %s%s', v_column, v_type,
    case when v_type like '%without%' then ', read as UTC' else '' end);
  if v_type is null then
    state := 'fail';
    detail := 'there is no column ' || v_column;
    hint := 'See the check source tables. If the table exists, rename the column back.';
  elsif v_type like '%without%' then
    hint := 'Make sure that all writers store UTC in this column. Local time would shift the time windows of all figures.';
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_time_zone() is
  'Type of the column that holds the time of a position, and how it is read, in one row like those of public.vessel_activity_status().';
