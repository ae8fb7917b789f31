-- Looks at the newest ten refreshes in the log. Before that, looks for a session that holds the refresh lock without progress.
-- If such a session was told to end and is still there, its process is stopped, or hangs in the operating system.
create or replace function vessel_activity.check_refresher()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last vessel_activity.refresh_log;
  v_failed bigint;
  v_holder record;
  v_told_at timestamptz;
begin
  check_name := 'refresher';
  select l.* into v_last from vessel_activity.refresh_log as l order by l.id desc limit 1;
  select count(*) into v_failed
  from (select l.sqlstate from vessel_activity.refresh_log as l order by l.id desc limit 10) as l
  where l.sqlstate is not null;
  select h.* into v_holder
  from vessel_activity.refresh_lock_holder() as h
  where h.pid = pg_sequence_last_value('vessel_activity.refresher') and vessel_activity.promised_until() < clock_timestamp() - interval '1 second';
  if v_holder.pid is not null then
    state := 'fail';
    detail := format('session %s (%s) has held the refresh lock since %s and shows no progress', v_holder.pid,
      coalesce(nullif(v_holder.application_name, ''), 'unnamed'), coalesce(v_holder.began_at::text, 'an unknown time'));
    select l.started_at into v_told_at
    from (select l.started_at, l.message from vessel_activity.refresh_log as l order by l.id desc limit 10) as l
    where l.message = format('session %s holds the refresh lock and shows no progress; it was told to end', v_holder.pid)
    limit 1;
    if v_told_at < clock_timestamp() - interval '2 seconds' then
      detail := format('%s; it was told to end at %s, but does not react', detail, v_told_at);
      hint := format('Run on the machine of the database server: kill -CONT %s. The process is stopped or waits for the operating system: ps -o stat,wchan -p %1$s. If it stays there, restart PostgreSQL. Do not use kill -9, which stops all sessions.',
        v_holder.pid);
    else
      hint := format('Wait: another refresher ends it soon, if it may. Or run select pg_terminate_backend(%s).', v_holder.pid);
    end if;
  elsif v_last.id is null then
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
