-- Looks for the job of this database in pg_cron, and for the result of its last run. If there is none, says what is missing.
create or replace function vessel_activity.check_pg_cron()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_cron_database constant text := vessel_activity.cron_database();
  v_run record;
  v_fallback constant text := 'refreshes need vessel-activity serve or vessel-activity refresh-loop to run';
begin
  check_name := 'pg_cron';
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
      select j.active, r.status, r.start_time, r.return_message
      from cron.job as j
      left join lateral (
        select d.status, d.start_time, d.return_message from cron.job_run_details as d
        where d.jobid = j.jobid and d.status in ('succeeded', 'failed') order by d.runid desc limit 1
      ) as r on true
      where j.jobname = 'vessel_activity refresh ' || current_database()
    $query$ into v_run;
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
      detail := format('the last run of the job, at %s, failed: %s', v_run.start_time, v_run.return_message);
      hint := 'Correct the cause of this error. If it is "connection failed", let pg_cron connect (trust in pg_hba.conf, or a .pgpass file for its user), or set cron.use_background_workers = on.';
    else
      state := 'ok';
      detail := case when v_run.status is null then 'the job is scheduled; no run has ended yet'
        else format('the last run of the job, at %s, %s', v_run.start_time, v_run.status) end;
    end if;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_pg_cron() is
  'Whether pg_cron runs the refreshes, in one row like those of public.vessel_activity_status().';
