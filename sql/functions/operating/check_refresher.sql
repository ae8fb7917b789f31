-- Looks at the newest ten refreshes in the log.
create or replace function vessel_activity.check_refresher()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last vessel_activity.refresh_log;
  v_failed bigint;
begin
  check_name := 'refresher';
  select l.* into v_last from vessel_activity.refresh_log as l order by l.id desc limit 1;
  select count(*) into v_failed
  from (select l.sqlstate from vessel_activity.refresh_log as l order by l.id desc limit 10) as l
  where l.sqlstate is not null;
  if v_last.id is null then
    state := 'warn';
    detail := 'no refresh has been logged';
  elsif v_last.sqlstate is not null then
    state := 'fail';
    detail := format('the last refresh, by %s at %s, failed: %s (SQLSTATE %s)', v_last.refreshed_by, v_last.started_at, v_last.message, v_last.sqlstate);
    hint := 'Correct the cause of this error; the refresh is tried again by itself. All failures: select * from vessel_activity.refresh_log where sqlstate is not null.';
  else
    state := case when v_failed > 0 then 'warn' else 'ok' end;
    detail := format('the last refresh was by %s and took %s ms; %s of the last 10 refreshes failed', v_last.refreshed_by, v_last.duration_ms, v_failed);
    if v_failed > 0 then
      hint := 'Look at the failures: select * from vessel_activity.refresh_log where sqlstate is not null order by id desc.';
    end if;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_refresher() is
  'Whether the newest refreshes succeeded, and who ran the last one, in one row like those of public.vessel_activity_status().';
