-- Only the owner of vessel activity has rights on it. All other roles get theirs here:
--   reader    the cached row, its JSON, the history, status and performance: what the server needs
--   operator  the rights of a reader; may also refresh, schedule, and compute the figures for any instant
--   feeder    adds positions and vessels through the functions of feeds and loads, and nothing else
-- Raises invalid_parameter_value (22023) for another right and undefined_object (42704) for an unknown role.
create or replace function public.vessel_activity_grant(p_role name, p_right text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_right is null or p_right not in ('reader', 'operator', 'feeder') then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('unknown right %L', p_right),
      hint = 'Use reader, operator or feeder.';
  end if;

  perform vessel_activity.run_ddl(format('grant usage on schema vessel_activity to %I', p_role));
  if p_right = 'feeder' then
    perform vessel_activity.run_ddl(format(
      'grant execute on function vessel_activity.feed_start(uuid, text, integer, text), '
        'vessel_activity.feed_batch(uuid, bigint, text, jsonb, jsonb), vessel_activity.load_start(text, boolean), '
        'vessel_activity.load_batch(bigint, text, bigint, bigint), vessel_activity.load_end(bigint, text, text), '
        'vessel_activity.load_unknown_characters(bytea[]) to %I',
      p_role));
    return;
  end if;

  perform vessel_activity.run_ddl(format('grant select on public.vessel_activity_realtime, public.vessel_activity_performance to %I', p_role));
  -- Readers get no table that holds positions: the source tables have rights of their own for those.
  perform vessel_activity.run_ddl(format('revoke all on all tables in schema vessel_activity from %I', p_role));
  perform vessel_activity.run_ddl(format(
    'grant select on vessel_activity.settings, vessel_activity.refresh_log, vessel_activity.history, vessel_activity.state, vessel_activity.refused_triggers, vessel_activity.feed to %I', p_role));
  perform vessel_activity.run_ddl(format('grant select on all sequences in schema vessel_activity to %I', p_role));
  perform vessel_activity.run_ddl((
    select format('grant execute on routine %s to %I', string_agg(o.routine::text, ', '), p_role)
    from vessel_activity.routines() as o
    where not o.is_trigger
      and (p_right = 'operator' and o.name <> 'vessel_activity_grant' or o.volatility <> 'v' and o.name <> 'vessel_activity_at')
  ));

  if p_right = 'operator' then
    perform vessel_activity.run_ddl(format('grant select on public.vessels, public.vessel_positions to %I', p_role));
    perform vessel_activity.run_ddl(format('grant insert, update on public.vessel_activity_realtime to %I', p_role));
    perform vessel_activity.run_ddl(format('grant select, insert, update, delete, truncate on all tables in schema vessel_activity to %I', p_role));
    perform vessel_activity.run_ddl(format('grant usage, select, update on all sequences in schema vessel_activity to %I', p_role));
  end if;
end
$$;

comment on function public.vessel_activity_grant(name, text) is
  'Gives p_role the right reader (cached row, JSON, history, status, performance) or operator (also refresh, schedule, and compute the figures for any instant) or feeder (add positions and vessels through functions). Run it again after an upgrade.';
