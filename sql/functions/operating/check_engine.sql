-- A refresh is fast if it only has to fold the changes since the last refresh. If a fold could miss changes, the refresh has
-- to use the definition, which reads all recent rows of the source tables. This check tells which is the case, and why.
create or replace function vessel_activity.check_engine()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_obstacle text;
  v_last vessel_activity.refresh_log;
begin
  check_name := 'engine';
  select l.* into v_last from vessel_activity.refresh_log as l order by l.id desc limit 1;
  if pg_is_in_recovery() then
    state := 'ok';
    detail := 'this server is a standby: it receives the cached row from its primary';
    return next;
    return;
  end if;
  v_obstacle := vessel_activity.source_obstacle();
  if v_obstacle is not null then
    state := 'warn';
    detail := format('every refresh computes the figures from all recent rows of the source tables, because a faster refresh could miss changes: %s', v_obstacle);
    hint := case
      when v_obstacle like '%does not exist' then 'See the check source tables.'
      when v_obstacle like '%were refused%' then
        'Accept slower refreshes, which are exact too. Or remove the cause of the refusal, then run vessel-activity migrate, which tries again.'
      when v_obstacle like 'no relation here%' then 'Look at select * from vessel_activity.source_roots(). Until it names the relations, refreshes read the source tables.'
      when v_obstacle like '%Citus%' and vessel_activity.unfollowed_reason() is null then
        'Accept slower refreshes, which are exact too: each node counts its own shards. Or let the nodes follow their shards: run vessel-activity migrate --nodes, and add each node as a member. See docs/scaling.md.'
      when v_obstacle like '%Citus%' then
        format('Accept slower refreshes, which are exact too: each node counts its own shards, which it can''t follow because %s. Or make the table an ordinary one: select undistribute_table(%L::regclass). See docs/scaling.md.',
          vessel_activity.unfollowed_reason(), split_part(v_obstacle, ' is managed', 1))
      when v_obstacle like '%virtual generated column%' then
        'Make the column a stored generated column or an ordinary one, then run vessel-activity migrate. Or accept slower refreshes.'
      when v_obstacle like '%was dropped, so%' then 'Run vessel-activity migrate, which creates it again. See the check installation.'
      when v_obstacle like '%no column%' then 'Add the column again, or give it its name back. Or accept slower refreshes, which bring the figures but no document of what is moving.'
      when v_obstacle like '%over its limit%' then 'See the check inbox. The warning ends once vacuum has made room.'
      when v_obstacle like '%another type%' then 'Run vessel-activity migrate, which adapts vessel activity to the new type.'
      when v_obstacle like '%lacks%triggers%' or v_obstacle like '%carries%triggers%' then
        'Run vessel-activity migrate as the owner of the table, or select * from vessel_activity.install_triggers(). Scheduled refreshes do the same if the owner of vessel activity may alter the table.'
      else 'Use an ordinary or partitioned table in its place, or accept slower refreshes: select mode, duration_ms from vessel_activity.refresh_log order by id desc limit 10.'
    end;
  elsif v_last.mode = 'definition' then
    state := 'warn';
    detail := format('the last refresh computed the figures from all recent rows of the source tables: %s', v_last.message);
    hint := 'Wait until the transaction or snapshot that causes this has ended, or end it: select * from pg_stat_activity order by xact_start; select * from pg_prepared_xacts.';
  else
    state := 'ok';
    detail := case v_last.mode
      when 'incremental' then 'the last refresh took in changes only' || coalesce(': ' || v_last.message, '')
      when 'rebuild' then 'the last refresh rebuilt the incremental state' || coalesce(': ' || v_last.message, '')
      else 'the next refresh builds the incremental state'
    end;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_engine() is
  'Whether refreshes are incremental, and if not, why, in one row like those of public.vessel_activity_status().';
