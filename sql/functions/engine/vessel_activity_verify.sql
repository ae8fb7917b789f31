-- Refreshes and compares the state with the definition, in one snapshot. Other refreshes do the same every
-- settings.verify_interval. A difference is logged, raised as a warning and shown by the status; the same refresh repairs it.
-- Raises lock_not_available if another refresh is running, and all that refresh_at raises.
create or replace function public.vessel_activity_verify()
returns table (figure text, state text, definition text, equal boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last_id constant bigint := (select max(l.id) from vessel_activity.refresh_log as l);
  v_log vessel_activity.refresh_log;
begin
  perform vessel_activity.lock_sources(true); -- first, so that it never waits with the refresh lock
  if not vessel_activity.try_refresh_lock() then
    raise exception using
      errcode = 'lock_not_available',
      message = 'another refresh is running',
      hint = 'Run public.vessel_activity_verify() again in a moment.';
  end if;
  perform vessel_activity.limit_transaction();
  perform vessel_activity.refresh_at(clock_timestamp(), 'manual', p_verify => true);
  select l.* into v_log from vessel_activity.refresh_log as l where l.id > coalesce(v_last_id, 0) order by l.id desc limit 1;
  if not found then
    return; -- the refresh has raised a notice that says why it did nothing
  end if;
  if v_log.verification is null then
    raise notice using
      message = format('there was no state to compare: this refresh (%s) computed the row from the source tables', v_log.mode),
      detail = v_log.message,
      hint = 'Run public.vessel_activity_verify() again once refreshes are incremental; see select * from public.vessel_activity_status().';
    return;
  end if;
  return query
    select d.key, v_log.verification -> 'state' ->> d.key, d.value, (v_log.verification -> 'state' ->> d.key) = d.value
    from json_each_text(v_log.verification -> 'definition') as d
    where d.key <> 'id'
    union all
    select d.key, s.value, d.value, s.value is not distinct from d.value
    from json_each_text(v_log.verification -> 'feed' -> 'definition') as d
    join json_each_text(v_log.verification -> 'feed' -> 'state') as s on s.key = d.key
    where d.key not in ('only_row', 'as_of')
    union all
    select 'part', v_log.verification -> 'part' ->> 'state', v_log.verification -> 'part' ->> 'definition',
      v_log.verification -> 'part' ->> 'state' = v_log.verification -> 'part' ->> 'definition'
    union all
    select 'last_reports', v_log.verification ->> 'reports_state', v_log.verification ->> 'reports_definition',
      v_log.verification ->> 'reports_state' = v_log.verification ->> 'reports_definition'
    union all
    select d.key, s.value, d.value, s.value is not distinct from d.value
    from json_each_text(v_log.verification -> 'places' -> 'definition') as d
    join json_each_text(v_log.verification -> 'places' -> 'state') as s on s.key = d.key
    order by 1;
end
$$;

comment on function public.vessel_activity_verify() is
  'Refreshes and compares the incremental state with the definition in one snapshot. Returns one row for each figure, for part a digest of all that is added up (also the types and flags beyond the ten of the row), and for last_reports, areas and dark_cells their number and a digest. A difference is logged and repaired. Example: select * from public.vessel_activity_verify().';
