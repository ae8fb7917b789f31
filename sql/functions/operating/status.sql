-- The checks read the log, the settings and the catalogs. Of the source tables they read only the newest end of the index on
-- timestamp, and whether there is a row. lock_timeout keeps a check from waiting behind an ALTER TABLE.
-- A check that fails with an error becomes a row that says so. So one missing or locked table does not hide the other checks.
create or replace function vessel_activity.status()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_names constant text[] := array[
    'freshness', 'refresher', 'installation', 'source tables', 'engine', 'verification', 'inbox', 'pg_cron', 'indexes', 'owner',
    'rights', 'time zone', 'future positions', 'feed', 'feeds', 'usual', 'document',
    'alerts', 'members'
  ];
  v_hint text;
begin
  for v_number in 1 .. cardinality(v_names) loop
    begin
      case v_names[v_number]
        when 'freshness' then return query select c.* from vessel_activity.check_freshness() as c;
        when 'refresher' then return query select c.* from vessel_activity.check_refresher() as c;
        when 'installation' then return query select c.* from vessel_activity.check_installation() as c;
        when 'source tables' then return query select c.* from vessel_activity.check_sources() as c;
        when 'engine' then return query select c.* from vessel_activity.check_engine() as c;
        when 'verification' then return query select c.* from vessel_activity.check_verification() as c;
        when 'inbox' then return query select c.* from vessel_activity.check_inbox() as c;
        when 'pg_cron' then return query select c.* from vessel_activity.check_pg_cron() as c;
        when 'indexes' then return query select c.* from vessel_activity.check_indexes() as c;
        when 'owner' then return query select c.* from vessel_activity.check_owner() as c;
        when 'rights' then return query select c.* from vessel_activity.check_rights() as c;
        when 'time zone' then return query select c.* from vessel_activity.check_time_zone() as c;
        when 'future positions' then return query select c.* from vessel_activity.check_future_positions() as c;
        when 'feed' then return query select c.* from vessel_activity.check_feed() as c;
        when 'feeds' then return query select c.* from vessel_activity.check_feeds() as c;
        when 'usual' then return query select c.* from vessel_activity.check_usual() as c;
        when 'document' then return query select c.* from vessel_activity.check_document() as c;
        when 'alerts' then return query select c.* from vessel_activity.check_alerts() as c;
        when 'members' then return query select c.* from vessel_activity.check_members() as c;
      end case;
    exception when others then
      get stacked diagnostics v_hint = pg_exception_hint;
      check_name := v_names[v_number];
      state := 'fail';
      detail := format('this check ended with an error: %s (SQLSTATE %s)', sqlerrm, sqlstate);
      hint := coalesce(nullif(v_hint, ''), 'See the checks installation and source tables. Correct the cause of this error.');
      return next;
    end;
  end loop;
end
$$;

comment on function vessel_activity.status() is
  'Checks whether vessel activity works. Each row is a check: its state (ok, warn or fail), what was found, and what to do.';
