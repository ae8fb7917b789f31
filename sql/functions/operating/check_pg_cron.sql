-- Whether pg_cron runs the refreshes, and if not, what is missing for it.
create or replace function vessel_activity.check_pg_cron()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_cron_database constant text := vessel_activity.cron_database();
  v_run record;
begin
  check_name := 'pg_cron';
  if v_cron_database is null then
    state := 'warn';
    detail := 'pg_cron is not loaded on this server; the fallback loop refreshes';
    hint := 'Install pg_cron, put it into shared_preload_libraries, restart, run make migrate; or keep the server or make refresh-loop running.';
    if not pg_has_role('pg_read_all_settings', 'usage') then
      detail := format('pg_cron is not loaded on this server, or lives in another database and %I may not know', current_user);
      hint := format('Where pg_cron is loaded: grant pg_read_all_settings to %I. Else: %s', current_user, hint);
    end if;
  elsif v_cron_database <> current_database() then
    state := 'ok';
    detail := format('pg_cron lives in database %I, which can''t be seen from here; the check refresher tells who refreshes', v_cron_database);
    hint := format('In %I: select * from cron.job where database = %L. make migrate schedules it there.', v_cron_database, current_database());
  elsif not exists (select from pg_extension as e where e.extname = 'pg_cron') then
    state := 'warn';
    detail := 'pg_cron is loaded but its extension is not installed; the fallback loop refreshes';
    hint := 'As superuser: create extension pg_cron; grant usage on schema cron to the owner of these functions; then make migrate.';
  elsif not has_schema_privilege('cron', 'usage') then
    state := 'warn';
    detail := format('%I may not use schema cron; the fallback loop refreshes', current_user);
    hint := format('As superuser: grant usage on schema cron to %I; then make migrate.', current_user);
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
      detail := 'no job is scheduled; the fallback loop refreshes';
      hint := 'select public.vessel_activity_schedule().';
    elsif not v_run.active then
      state := 'warn';
      detail := 'the job is switched off; the fallback loop refreshes';
      hint := format('select cron.alter_job((select jobid from cron.job where jobname = %L), active := true).', 'vessel_activity refresh ' || current_database());
    elsif v_run.status = 'failed' then
      state := 'fail';
      detail := format('the last run, at %s, failed: %s', v_run.start_time, v_run.return_message);
      hint := 'For connection failed, let pg_cron in through pg_hba.conf (trust or a .pgpass for its user), or set cron.use_background_workers = on.';
    else
      state := 'ok';
      detail := case when v_run.status is null then 'scheduled, no run has ended yet'
        else format('last run at %s %s', v_run.start_time, v_run.status) end;
    end if;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_pg_cron() is
  'Whether pg_cron runs the refreshes: one row.';
