-- Sets how often the figures are refreshed. The refresh loop reads the setting. If pg_cron is in this database, the jobs are
-- scheduled again; if pg_cron is in another database, its job reads the setting.
-- Every migrate calls it with NULL, which keeps the interval and schedules the jobs.
-- Locks: the row of the settings, if the interval changes. It waits up to half a second for it.
-- Raises invalid_parameter_value for an interval outside 1 second to 1 day, and lock_not_available if another session has locked
-- the settings.
create or replace function vessel_activity.set_schedule(p_interval interval)
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '500ms'
as $$
declare
  v_cron_database constant text := vessel_activity.cron_database();
  v_interval interval;
begin
  if p_interval < interval '1 second' or p_interval > interval '1 day' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('the interval must be between 1 second and 1 day, not %s', p_interval),
      hint = 'Run, for example, select public.vessel_activity_schedule(interval ''30 seconds'').';
  end if;
  if p_interval is not null then
    begin
      update vessel_activity.settings set refresh_interval = p_interval;
    exception when lock_not_available then
      raise exception using
        errcode = 'lock_not_available',
        message = 'another session has locked the settings of vessel activity; the interval was not changed',
        hint = 'End the transaction of that session, then try again: select pid, usename, query, xact_start from pg_stat_activity where xact_start is not null.';
    end;
  end if;
  select s.refresh_interval into strict v_interval from vessel_activity.settings as s;

  if v_cron_database is null then
    return format('refreshed every %s by the refresh loop (pg_cron is not loaded on this server%s)', v_interval,
      case when not pg_has_role('pg_read_all_settings', 'usage') then ', or this role may not see the setting cron.database_name' else '' end);
  elsif v_cron_database <> current_database() then
    return format('refreshed every %s; pg_cron is in database %I, and its job follows this setting', v_interval, v_cron_database);
  end if;

  begin
    if not exists (select from pg_extension as e where e.extname = 'pg_cron') then
      perform vessel_activity.run_ddl('create extension pg_cron');
    end if;
    perform cron.schedule(j.job_name, j.schedule, j.command) from vessel_activity.cron_jobs() as j;
  exception when insufficient_privilege or undefined_file or invalid_schema_name or triggered_action_exception then
    return format('refreshed every %s by the refresh loop (pg_cron can''t be used: %s)', v_interval, sqlerrm);
  end;
  return format('refreshed every %s by pg_cron', v_interval);
end
$$;

comment on function vessel_activity.set_schedule(interval) is
  'Sets the refresh interval (1 second to 1 day; NULL keeps it), schedules the pg_cron jobs if possible, and returns a sentence that says what refreshes.';
