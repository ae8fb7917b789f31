-- Gives the server everything that /metrics tells from the database, in one call. Runs with the rights of the owner, because
-- only the owner sees the jobs of pg_cron and the migrations. It tells nothing of single vessels or positions.
-- Its cost does not depend on the length of the log: refresh_count has most of the counts, and indexes find the rest.
-- A part that can't be read is NULL.
create or replace function vessel_activity.measures(
  out refreshes json,
  out refreshed_by text,
  out mode text,
  out refreshed_at timestamptz,
  out failed_at timestamptz,
  out verified_at timestamptz,
  out verified_equal boolean,
  out verified_different bigint,
  out inbox_bytes bigint,
  out inbox_limit_bytes bigint,
  out cron_is_active boolean,
  out cron_run_at timestamptz,
  out cron_run_succeeded boolean,
  out migration text,
  out feeds json,
  out usual json,
  out alerts json,
  out members json
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- else a log without statistics would be read whole
set jit = off -- the planner takes the queries for costly then
as $$
begin
  select json_agg(json_build_object(
    'refreshed_by', k.refreshed_by, 'mode', k.mode, 'sqlstate', k.sqlstate, 'refreshes', k.refreshes, 'duration_ms', k.duration_ms))
  into refreshes
  from (
    select c.refreshed_by, c.mode, c.sqlstate, sum(c.refreshes) as refreshes, sum(c.duration_ms) as duration_ms
    from (
      select r.refreshed_by, r.mode, r.sqlstate, r.refreshes, r.duration_ms from vessel_activity.refresh_count as r
      union all
      select l.refreshed_by, coalesce(l.mode, ''), coalesce(l.sqlstate, ''), 1, l.duration_ms
      from vessel_activity.refresh_log as l
      where l.id > (select d.log_id from vessel_activity.refresh_counted as d)
    ) as c
    group by 1, 2, 3
    order by 1, 2, 3
  ) as k;

  select l.refreshed_by, l.mode, l.started_at
  into measures.refreshed_by, measures.mode, measures.refreshed_at
  from vessel_activity.refresh_log as l where l.sqlstate is null order by l.id desc limit 1;
  select l.started_at into failed_at from vessel_activity.refresh_log as l where l.sqlstate is not null order by l.id desc limit 1;

  select l.as_of, (l.verification ->> 'equal')::boolean into verified_at, verified_equal
  from vessel_activity.refresh_log as l where l.verification is not null order by l.id desc limit 1;
  select count(*) into verified_different from vessel_activity.refresh_log as l where not (l.verification ->> 'equal')::boolean;

  inbox_bytes := vessel_activity.inbox_bytes();
  select s.inbox_limit_bytes into measures.inbox_limit_bytes from vessel_activity.settings as s;

  if to_regclass('cron.job_run_details') is not null and has_schema_privilege('cron', 'usage') then
    begin
      execute $query$
        select coalesce(j.active, false), r.start_time, r.status = 'succeeded'
        from (values ('vessel_activity refresh ' || current_database())) as own (jobname)
        left join cron.job as j on j.jobname = own.jobname
        left join lateral (
          select d.start_time, d.status from cron.job_run_details as d
          where d.jobid = j.jobid and d.status in ('succeeded', 'failed') order by d.runid desc limit 1
        ) as r on true
      $query$ into cron_is_active, cron_run_at, cron_run_succeeded;
    exception when insufficient_privilege or undefined_column or undefined_table then
      null;
    end;
  end if;

  if to_regclass('vessel_activity_migrations._yoyo_migration') is not null then
    execute 'select max(m.migration_id) from vessel_activity_migrations._yoyo_migration as m' into migration;
  end if;

  feeds := vessel_activity.feed_measures();

  select json_agg(json_build_object(
    'figure', u.figure, 'weeks', u.weeks, 'low', u.low, 'high', u.high, 'is_below', b.is_below))
  into measures.usual
  from (select clock_timestamp()) as c (now)
  cross join lateral vessel_activity.usual_at(c.now) as u
  left join vessel_activity.below_usual_at(c.now) as b on b.figure = u.figure;

  alerts := vessel_activity.alert_measures();
  members := vessel_activity.member_measures();
end
$$;

comment on function vessel_activity.measures() is
  'What /metrics tells from the database. refreshes: logged refreshes since the installation by kind, as a JSON array of {refreshed_by, mode, sqlstate, refreshes, duration_ms}; mode is empty for failures, sqlstate for successes. refreshed_by, mode, refreshed_at: of the last successful refresh. failed_at: start of the last failed refresh in the log. verified_at, verified_equal: instant and result of the last comparison of the state with the definition. verified_different: comparisons in the log that found a difference. inbox_bytes, inbox_limit_bytes: size of the larger inbox, and its limit. cron_is_active, cron_run_at, cron_run_succeeded: the refresh job of pg_cron in this database, the start of its last run that has ended, and its result; NULL if the owner can''t see the jobs. migration: the newest migration. feeds: see feed_measures. usual: what is usual now, as a JSON array of {figure, weeks, low, high, is_below}, see usual_at and below_usual_at. alerts: see alert_measures. members: see member_measures.';
