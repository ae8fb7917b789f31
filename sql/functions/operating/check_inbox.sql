-- Whether the recorded changes still fit into the inbox.
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
  detail := format('%s of at most %s', pg_size_pretty(v_bytes), pg_size_pretty(v_limit));
  if state = 'warn' then
    hint := 'Writers leave their changes out and the next refresh rebuilds. Let refreshes run; end old transactions: select pid, xact_start, query from pg_stat_activity where backend_xmin is not null order by xact_start.';
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_inbox() is
  'Size of the larger inbox against its limit: one row.';
