-- Whether refreshes take in changes only, or have to read all source rows, and why.
create or replace function vessel_activity.check_engine()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source record;
  v_last vessel_activity.refresh_log;
begin
  check_name := 'engine';
  select l.* into v_last from vessel_activity.refresh_log as l order by l.id desc limit 1;
  select f.* into v_source from vessel_activity.source_fingerprint() as f;
  if pg_is_in_recovery() then
    state := 'ok';
    detail := 'this server is a standby: it receives the refreshed row from its primary';
  elsif v_source.obstacle is not null then
    state := 'warn';
    detail := format('every refresh computes by the definition, since changes could go unseen: %s', v_source.obstacle);
    hint := case
      when v_source.obstacle like '%our triggers%' then
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
end
$$;

comment on function vessel_activity.check_engine() is
  'Whether refreshes are incremental, and if not, why: one row.';
