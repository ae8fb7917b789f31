-- Whether the times of the positions carry a time zone.
create or replace function vessel_activity.check_time_zone()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_type text;
begin
  select format_type(a.atttypid, a.atttypmod) into v_type
  from pg_attribute as a
  where a.attrelid = 'public.vessel_positions'::regclass and a.attname = 'timestamp';
  check_name := 'time zone';
  state := 'ok';
  detail := format('public.vessel_positions.timestamp is %s%s', v_type,
    case when v_type like '%without%' then ', read as UTC' else '' end);
  if v_type like '%without%' then
    hint := 'Writers must store UTC there; local time shifts every window.';
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_time_zone() is
  'Type of public.vessel_positions.timestamp, and how it is read: one row.';
