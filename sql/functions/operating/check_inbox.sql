-- Triggers record the changes of the source tables in inboxes, up to settings.inbox_limit_bytes.
create or replace function vessel_activity.check_inbox()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit bigint;
  v_bytes constant bigint := vessel_activity.inbox_bytes();
begin
  check_name := 'inbox';
  select s.inbox_limit_bytes into strict v_limit from vessel_activity.settings as s;
  state := case when v_bytes > v_limit then 'warn' else 'ok' end;
  detail := format('recorded changes of the source tables take up %s of at most %s', pg_size_pretty(v_bytes), pg_size_pretty(v_limit));
  if state = 'warn' then
    hint := 'End old transactions: select pid, xact_start, query from pg_stat_activity where backend_xmin is not null order by xact_start. Make sure that refreshes run. Until there is room, changes are not recorded, and a later refresh rebuilds the state.';
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_inbox() is
  'Size of the larger inbox and its limit, in one row like those of public.vessel_activity_status().';
