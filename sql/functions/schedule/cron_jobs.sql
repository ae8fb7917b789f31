-- The two pg_cron jobs as they should be. The first refreshes, in this database. The second deletes old rows from the run
-- history of both jobs, in the database of pg_cron, since pg_cron itself keeps all rows.
-- vessel_activity_schedule schedules them if pg_cron is in this database; otherwise vessel-activity migrate does.
-- A schedule in seconds needs pg_cron 1.5 in this database. Otherwise the refresh job runs every minute, and follows
-- settings.refresh_interval by itself.
create or replace function vessel_activity.cron_jobs()
returns table (job_name text, schedule text, command text, job_database text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with pace as (
    select case
        when s.refresh_interval < interval '1 minute' and s.refresh_interval = date_trunc('second', s.refresh_interval)
          and exists (
            select from pg_extension as e
            where e.extname = 'pg_cron' and string_to_array(substring(e.extversion from '^\d+\.\d+'), '.')::integer[] >= array[1, 5]
          )
        then extract(epoch from s.refresh_interval)::integer
        else 60
      end as seconds
    from vessel_activity.settings as s
  )
  select
    'vessel_activity refresh ' || current_database(),
    case when p.seconds = 60 then '* * * * *' else p.seconds || ' seconds' end,
    format('call vessel_activity.scheduled_refresh(%s)', p.seconds),
    current_database()::text
  from pace as p
  union all
  -- Also by runid, since pg_cron 1.4 leaves some runs without a start time.
  select
    'vessel_activity purge ' || current_database(),
    '17 * * * *',
    format(
      'delete from cron.job_run_details as d using cron.job as j where j.jobid = d.jobid and j.jobname in (%L, %L) and '
      '(d.start_time < now() - interval ''1 day'' or d.start_time is null and d.runid < (select max(r.runid) - 100000 from cron.job_run_details as r))',
      'vessel_activity refresh ' || current_database(), 'vessel_activity purge ' || current_database()),
    vessel_activity.cron_database()
$$;

comment on function vessel_activity.cron_jobs() is
  'The pg_cron jobs for this database as they should be: name, schedule, command, and the database that each runs in.';
