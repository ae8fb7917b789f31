-- The database where pg_cron lives on this server, NULL where there is none or we may not know: the setting is shown to
-- superusers and members of pg_read_all_settings only, and reading it directly raises an error for the others.
-- Called by vessel_activity_schedule, vessel_activity_status, cron_jobs and cron.py.
create or replace function vessel_activity.cron_database()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (select s.setting from pg_settings as s where s.name = 'cron.database_name'),
    (select current_database()::text from pg_extension as e where e.extname = 'pg_cron')
  )
$$;

comment on function vessel_activity.cron_database() is
  'The database where pg_cron lives on this server; NULL where there is none, or it is elsewhere and we may not know.';
