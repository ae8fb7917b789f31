-- Is everything as it should be, and if not, what to do: one row a check. Read by `make status`, DBAs and monitoring.
-- Reads the log, the settings and the catalogs; of the source tables only the ends of the timestamp index.
create or replace function public.vessel_activity_status()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_interval interval;
  v_updated_at timestamptz;
  v_age interval;
  v_last vessel_activity.refresh_log;
  v_failed bigint;
  v_cron_database constant text := vessel_activity.cron_database();
  v_run record;
  v_holder record;
  v_owner record;
  v_type text;
  v_newest timestamptz;
  v_purpose text;
  v_kind text;
  v_source record;
  v_state vessel_activity.state;
  v_settings vessel_activity.settings;
  v_inbox_bytes bigint;
begin
  select s.refresh_interval into strict v_interval from vessel_activity.settings as s;
  select r.updated_at into v_updated_at from public.vessel_activity_realtime as r where r.id = 'singleton';
  v_age := date_trunc('milliseconds', clock_timestamp() - v_updated_at);

  check_name := 'freshness';
  hint := null;
  if v_updated_at is null then
    state := 'fail';
    detail := 'there is no row: nothing has refreshed yet';
    hint := 'Run select public.refresh_vessel_activity() and see the checks below for what should refresh by itself.';
  elsif v_age < - interval '1 second' then
    state := 'fail';
    detail := format('the row is of %s, in the future: the server''s clock was set back', v_updated_at);
    hint := 'Wait until the clock has caught up, or run delete from public.vessel_activity_realtime: the next refresh writes the row anew.';
  else
    detail := format('the row is %s old, the interval is %s', v_age, v_interval);
    state := case when v_age > 3 * v_interval then 'fail' when v_age > 1.5 * v_interval + interval '1 second' then 'warn' else 'ok' end;
    if state <> 'ok' then
      select l.pid, a.xact_start into v_holder
      from pg_locks as l
      join pg_stat_activity as a on a.pid = l.pid
      where l.locktype = 'advisory' and l.classid = vessel_activity.advisory_class()::oid and l.objid = 1 and l.objsubid = 2 and l.granted
        and a.datname = current_database() and coalesce(a.xact_start < clock_timestamp() - v_interval, true);
      hint := case
        when v_holder.pid is null then 'Refreshes are late or have stopped: see the checks refresher and pg_cron.'
        else format('Session %s keeps all others from refreshing, in a transaction open since %s: end it (select pg_terminate_backend(%1$s)).',
          v_holder.pid, coalesce(v_holder.xact_start::text, 'long ago'))
      end;
    end if;
  end if;
  return next;

  check_name := 'refresher';
  hint := null;
  select l.* into v_last from vessel_activity.refresh_log as l order by l.id desc limit 1;
  select count(*) into v_failed
  from (select l.sqlstate from vessel_activity.refresh_log as l order by l.id desc limit 10) as l
  where l.sqlstate is not null;
  if v_last.id is null then
    state := 'warn';
    detail := 'no refresh has been logged';
  elsif v_last.sqlstate is not null then
    state := 'fail';
    detail := format('the last refresh, by %s at %s, failed: %s (%s)', v_last.refreshed_by, v_last.started_at, v_last.message, v_last.sqlstate);
    hint := 'Mend what the message names; the next refresh is tried by itself. All failures: select * from vessel_activity.refresh_log where sqlstate is not null.';
  else
    state := case when v_failed > 0 then 'warn' else 'ok' end;
    detail := format('last by %s in %s ms, %s of the last 10 failed', v_last.refreshed_by, v_last.duration_ms, v_failed);
    if v_failed > 0 then
      hint := 'select * from vessel_activity.refresh_log where sqlstate is not null order by id desc.';
    end if;
  end if;
  return next;

  check_name := 'engine';
  hint := null;
  select f.* into v_source from vessel_activity.source_fingerprint() as f;
  if pg_is_in_recovery() then
    state := 'ok';
    detail := 'this server is a standby: it receives the refreshed row from its primary';
  elsif v_source.obstacle is not null then
    state := 'warn';
    detail := format('every refresh computes by the definition, since changes could go unseen: %s', v_source.obstacle);
    hint := case
      when v_source.obstacle like '%triggers of vessel activity%' then
        'It passes by itself where our owner may alter the table and somebody refreshes on schedule; else, as the owner of the table: make migrate, or select * from vessel_activity.install_triggers().'
      when v_source.obstacle like '%over its limit' then 'It passes by itself once vacuum has made room: see the check inbox.'
      when v_source.obstacle like '%another type%' then 'make migrate fits the inbox and the state to it.'
      when v_source.obstacle like '%replication%' then 'Refresh on the publisher and replicate public.vessel_activity_realtime, or accept the cost.'
      else 'Put a table in its place, or accept the cost: select mode, duration_ms from vessel_activity.refresh_log order by id desc limit 10.'
    end;
  elsif v_last.mode = 'definition' then
    state := 'warn';
    detail := format('the last refresh computed by the definition: %s', v_last.message);
    hint := 'It passes by itself, once the transaction or snapshot that stands in the way has ended: select * from pg_stat_activity order by xact_start; select * from pg_prepared_xacts.';
  else
    state := 'ok';
    detail := case when v_last.mode is null then 'the next refresh builds the state'
      else format('the last refresh was %s%s', v_last.mode, coalesce(': ' || v_last.message, '')) end;
  end if;
  return next;

  check_name := 'verification';
  hint := null;
  if not pg_is_in_recovery() then -- a standby has no unlogged tables
    select s.* into v_state from vessel_activity.state as s;
  end if;
  if exists (
    select from vessel_activity.refresh_log as l where l.verification is not null and not (l.verification ->> 'equal')::boolean
  ) then
    state := 'warn';
    detail := 'the state differed from the definition; it was rebuilt';
    hint := 'Please report it: select * from vessel_activity.refresh_log where not (verification ->> ''equal'')::boolean. The warning ends with settings.log_retention.';
  else
    state := 'ok';
    detail := case when v_state.verified_at is null then 'there is no state to verify'
      else format('last built from or compared with the definition at %s', v_state.verified_at) end;
  end if;
  return next;

  check_name := 'inbox';
  hint := null;
  select s.* into strict v_settings from vessel_activity.settings as s;
  v_inbox_bytes := vessel_activity.inbox_bytes();
  state := case when v_inbox_bytes > v_settings.inbox_limit_bytes then 'warn' else 'ok' end;
  detail := format('%s of at most %s', pg_size_pretty(v_inbox_bytes), pg_size_pretty(v_settings.inbox_limit_bytes));
  if state = 'warn' then
    hint := 'Writers leave their changes out and the next refresh rebuilds. Let refreshes run; end old transactions: select pid, xact_start, query from pg_stat_activity where backend_xmin is not null order by xact_start.';
  end if;
  return next;

  check_name := 'pg_cron';
  hint := null;
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

  -- What can carry no index serves as well as what it stands for.
  select case c.relkind when 'v' then 'view' when 'f' then 'foreign table' when 'm' then 'materialized view' end into v_kind
  from pg_class as c where c.oid = 'public.vessel_positions'::regclass;
  foreach v_purpose in array array['time', 'vessel'] loop
    check_name := format('index (%s)', case v_purpose when 'time' then 'timestamp' else 'vesselId, timestamp' end);
    select format('%s serves', s.index_oid::regclass) into detail
    from vessel_activity.source_indexes() as s where s.purpose = v_purpose;
    state := 'ok';
    hint := null;
    if detail is null and v_kind is null then
      state := 'fail';
      detail := 'public.vessel_positions has no valid index that begins so: the figures are slow';
      hint := 'make migrate builds it without blocking writers.';
    elsif detail is null then
      state := 'warn';
      detail := format('public.vessel_positions is a %s, for which make migrate builds no index%s', v_kind,
        case when v_kind <> 'materialized view' then ': it can carry none' end);
      hint := format('Have an index on (%s) on %s.', case v_purpose when 'time' then '"timestamp"' else '"vesselId", "timestamp"' end,
        case v_kind when 'materialized view' then 'it' else 'the table behind it' end);
    end if;
    return next;
  end loop;

  check_name := 'owner';
  state := 'ok';
  hint := null;
  -- A column's type brings casts with it, and those run in our triggers and refreshes.
  select r.rolname, string_agg(distinct t.rolname, ', ') filter (where r.rolsuper and not t.rolsuper) as others
  into v_owner
  from pg_namespace as n
  join pg_roles as r on r.oid = n.nspowner
  cross join vessel_activity.source_relations() as s
  join pg_class as c on c.oid = s.relation
  join pg_roles as t on t.oid = c.relowner
  where n.nspname = 'vessel_activity'
  group by r.rolname;
  detail := format('our functions belong to %I', v_owner.rolname);
  if v_owner.others is not null then
    state := 'warn';
    detail := format('our functions belong to the superuser %I, the source tables to %s, who could give a column a type whose casts run as %1$I',
      v_owner.rolname, v_owner.others);
    hint := 'Let the owner of the tables own this too: make rollback (which forgets the trends), then make migrate as that role.';
  end if;
  return next;

  select format_type(a.atttypid, a.atttypmod) into v_type
  from pg_attribute as a
  where a.attrelid = 'public.vessel_positions'::regclass and a.attname = 'timestamp';
  check_name := 'time zone';
  state := 'ok';
  hint := null;
  detail := format('public.vessel_positions.timestamp is %s%s', v_type,
    case when v_type like '%without%' then ', read as UTC' else '' end);
  if v_type like '%without%' then
    hint := 'Writers must store UTC there; local time shifts every window.';
  end if;
  return next;

  check_name := 'future positions';
  state := 'ok';
  hint := null;
  detail := 'none beyond the next minute';
  if has_column_privilege('public.vessel_positions', 'timestamp', 'select') and not row_security_active('public.vessel_positions') then
    select vessel_activity.utc_instant(p."timestamp") into v_newest
    from public.vessel_positions as p
    where p."timestamp" > vessel_activity.source_time(clock_timestamp() + interval '1 minute', p."timestamp")
    order by p."timestamp" desc
    limit 1;
  else
    detail := format('%I may not read all of public.vessel_positions', current_user);
  end if;
  if v_newest is not null then
    state := 'warn';
    detail := format('there are positions stamped up to %s; each counts when its time comes', v_newest);
    hint := 'A source''s clock or time zone is wrong: select "vesselId", max(timestamp) from public.vessel_positions where timestamp > now() group by 1.';
  end if;
  return next;
end
$$;

comment on function public.vessel_activity_status() is
  'One row a check: state ok, warn or fail, what was seen, and what to do about it. Example: select * from public.vessel_activity_status().';
