-- Only superusers and members of pg_read_all_settings may see the setting cron.database_name. For other roles pg_settings
-- does not show it, while reading it directly would raise an error.
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
  'The database of pg_cron on this server. NULL if pg_cron is not loaded, or if it is in another database and this role may not see the setting cron.database_name.';
