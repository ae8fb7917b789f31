-- Looks for the job of this database in pg_cron, and for the result of its last run. If there is none, says what is missing.
-- The launcher of pg_cron may be dead, stuck or busy. Then no run starts although one is due. Only superusers and members of
-- pg_read_all_stats can see the launcher itself in pg_stat_activity.
-- Also warns if the job is to refresh several times in a run, but statement_timeout ends each run too early.
create or replace function vessel_activity.check_pg_cron()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_cron_database constant text := vessel_activity.cron_database();
  v_run record;
  v_interval interval;
  v_role name;
  v_period_seconds double precision := 60; -- of a job in another database
  v_timeout text;
  v_last_seconds double precision;
  v_idle interval;
  v_fallback constant text := 'refreshes need vessel-activity serve or vessel-activity refresh-loop to run';
begin
  check_name := 'pg_cron';
  select s.refresh_interval into strict v_interval from vessel_activity.settings as s;
  select pg_get_userbyid(n.nspowner) into strict v_role from pg_namespace as n where n.nspname = 'vessel_activity';
  if v_cron_database is null then
    state := 'warn';
    detail := 'pg_cron is not loaded on this server; ' || v_fallback;
    hint := 'Install pg_cron, add it to shared_preload_libraries, restart PostgreSQL and run vessel-activity migrate. Or keep vessel-activity serve or vessel-activity refresh-loop running.';
    if not pg_has_role('pg_read_all_settings', 'usage') then
      detail := format('pg_cron is not loaded on this server, or it runs in another database: %I may not see the setting cron.database_name', current_user);
      hint := format('Run grant pg_read_all_settings to %I if pg_cron is loaded. If it is not: %s', current_user, hint);
    end if;
  elsif v_cron_database <> current_database() then
    state := 'ok';
    detail := format('pg_cron runs in database %I, whose jobs can''t be seen from here; the check refresher shows who refreshes', v_cron_database);
    hint := format('Look for the job in database %I: select * from cron.job where database = %L. vessel-activity migrate schedules it there.', v_cron_database, current_database());
  elsif not exists (select from pg_extension as e where e.extname = 'pg_cron') then
    state := 'warn';
    detail := 'pg_cron is loaded, but its extension is not installed in this database; ' || v_fallback;
    hint := format('Run as superuser: create extension pg_cron; grant usage on schema cron to %I. Then run vessel-activity migrate.',
      (select pg_get_userbyid(n.nspowner) from pg_namespace as n where n.nspname = 'vessel_activity'));
  elsif not has_schema_privilege('cron', 'usage') then
    state := 'warn';
    detail := format('%I may not use schema cron; %s', current_user, v_fallback);
    hint := format('Run as superuser: grant usage on schema cron to %I. Then run vessel-activity migrate.', current_user);
  else
    execute $query$
      select j.active, j.username, substring(j.command from '\((\d+)\)')::double precision as period_seconds,
        r.status, r.start_time, r.return_message, s.started_at, s.is_running
      from cron.job as j
      left join lateral (
        select d.status, d.start_time, d.return_message from cron.job_run_details as d
        where d.jobid = j.jobid and d.status in ('succeeded', 'failed') order by d.runid desc limit 1
      ) as r on true
      left join lateral (
        -- A run that is under way may last longer than the period; the next one waits for it. If its session is idle, the run
        -- has ended, but the launcher has not taken note.
        select max(d.start_time) as started_at,
          coalesce(bool_or(d.status not in ('succeeded', 'failed') and a.state is distinct from 'idle' and a.pid is not null), false) as is_running
        from (select n.* from cron.job_run_details as n where n.jobid = j.jobid order by n.runid desc limit 20) as d
        left join pg_stat_activity as a on a.pid = d.job_pid
      ) as s on true
      where j.jobname = 'vessel_activity refresh ' || current_database()
    $query$ into v_run;
    v_role := coalesce(v_run.username, v_role);
    v_period_seconds := coalesce(v_run.period_seconds, v_period_seconds);
    if v_run.active is null then
      state := 'warn';
      detail := 'no job is scheduled for this database; ' || v_fallback;
      hint := 'Run select public.vessel_activity_schedule().';
    elsif not v_run.active then
      state := 'warn';
      detail := 'the job is switched off; ' || v_fallback;
      hint := format('Run select cron.alter_job((select jobid from cron.job where jobname = %L), active := true).', 'vessel_activity refresh ' || current_database());
    elsif v_run.status = 'failed' then
      state := 'fail';
      detail := format('the last run of the job%s failed: %s', ', at ' || v_run.start_time || ',', v_run.return_message);
      hint := case when v_run.return_message like '%statement timeout%'
        then format('Run alter role %I in database %I set statement_timeout = 0.', v_role, current_database())
        else 'Correct the cause of this error. If it is "connection failed", let pg_cron connect (trust in pg_hba.conf, or a .pgpass file for its user), or set cron.use_background_workers = on.'
      end;
    else
      state := 'ok';
      detail := case when v_run.status is null then 'the job is scheduled; no run has ended yet'
        else format('the last run of the job%s succeeded', ', at ' || v_run.start_time || ',') end;
      -- Runs are counted from the start of the server, because none could start before it. A standby starts no runs.
      v_idle := clock_timestamp() - greatest(v_run.started_at, pg_postmaster_start_time());
      if pg_is_in_recovery() then
        detail := 'this server is a standby, on which pg_cron starts no runs; ' || detail;
      elsif pg_has_role('pg_read_all_stats', 'usage') and pg_postmaster_start_time() < clock_timestamp() - interval '10 seconds'
        and not exists (select from pg_stat_activity as a where a.backend_type = 'pg_cron launcher')
      then
        state := 'fail';
        detail := 'the launcher of pg_cron is not running, so no job can start; ' || v_fallback;
      elsif v_run.started_at is not null and not v_run.is_running
        and v_idle > make_interval(secs => v_period_seconds) + interval '15 seconds'
      then
        state := 'fail';
        detail := format('no run of the job has started for %s seconds, although one is due every %s seconds: the launcher of pg_cron is dead or stuck, or other jobs keep it busy; %s',
          round(extract(epoch from v_idle)), v_period_seconds, v_fallback);
      end if;
      if state = 'fail' then
        hint := 'Look for pg_cron in the log of the server, and whether cron.launch_active_jobs is on. A restart of PostgreSQL starts the launcher again. If other jobs keep it busy, raise cron.max_running_jobs, and max_worker_processes too.';
      end if;
    end if;
  end if;

  if state = 'ok' then
    v_timeout := vessel_activity.job_statement_timeout(v_role);
    -- When the last refresh of a run begins, in seconds after the run has begun.
    v_last_seconds := floor((v_period_seconds - 0.5) / extract(epoch from v_interval)::double precision)
      * extract(epoch from v_interval)::double precision;
    if v_last_seconds > 0
      and vessel_activity.run_ends_at(v_period_seconds::integer, v_timeout, now()) < now() + make_interval(secs => v_last_seconds)
    then
      state := 'warn';
      detail := format('statement_timeout is %s for role %I in this database. So each run of the job ends before that time, and the job refreshes less often than every %s',
        v_timeout, v_role, v_interval);
      hint := format('Run alter role %I in database %I set statement_timeout = 0. Or keep vessel-activity serve or vessel-activity refresh-loop running.',
        v_role, current_database());
    end if;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_pg_cron() is
  'Whether pg_cron runs the refreshes, in one row like those of public.vessel_activity_status().';
