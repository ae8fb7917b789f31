-- A position in the future usually comes from a wrong clock or time zone. Reads only the newest end of the index on
-- timestamp.
create or replace function vessel_activity.check_future_positions()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_newest timestamptz;
begin
  check_name := 'future positions';
  state := 'ok';
  detail := 'no position is more than a minute in the future';
  if to_regclass(vessel_activity.actual_table('vessel_positions')) is null then
    state := 'fail';
    detail := vessel_activity.actual_table('vessel_positions') || ' does not exist';
    hint := 'See the check source tables.';
  elsif vessel_activity.asks_shards('vessel_positions') then
    v_newest := vessel_activity.shard_newest_after(clock_timestamp() + interval '1 minute');
  elsif has_column_privilege(vessel_activity.actual_table('vessel_positions'), vessel_activity.actual_column('vessel_positions', 'timestamp'), 'select')
    and not row_security_active(vessel_activity.actual_table('vessel_positions')) then
    select vessel_activity.utc_instant(p."timestamp") into v_newest
    from public.vessel_positions as p
    where p."timestamp" > vessel_activity.source_time(clock_timestamp() + interval '1 minute', p."timestamp")
    order by p."timestamp" desc
    limit 1;
  else
    detail := format('%I may not read all of %s', current_user, vessel_activity.actual_table('vessel_positions'));
  end if;
  if v_newest is not null then
    state := 'warn';
    detail := format('positions are stamped up to %s, in the future; each counts once its time has come', v_newest);
    hint := format('Find the sources whose clock or time zone is wrong: select %I, max(%2$s) from %3$s where %2$s > now() group by 1.',
      vessel_activity.actual_column('vessel_positions', 'vesselId'),
      case vessel_activity.actual_column('vessel_positions', 'timestamp') when 'timestamp' then 'timestamp'
        else quote_ident(vessel_activity.actual_column('vessel_positions', 'timestamp')) end,
      vessel_activity.actual_table('vessel_positions'));
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_future_positions() is
  'Whether positions are more than a minute in the future, in one row like those of public.vessel_activity_status().';
