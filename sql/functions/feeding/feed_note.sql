-- Adds the counts of a batch to vessel_activity.feed, and notes the present state of the process and of all its sources there.
-- A batch from the spool of a process that died may have counts of a source of which p_now says nothing: only they are noted.
-- If two processes have the same source, the row shows the state that was told last, and the counts of both.
-- The rows are locked in the order of the names.
-- Raises program_limit_exceeded (54000) beyond 1,000 feeds.
create or replace function vessel_activity.feed_note(p_feeder vessel_activity.feeder, p_counts jsonb, p_now jsonb)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_sent_at constant timestamptz := coalesce((p_now ->> 'sent_at')::timestamptz, v_now);
  v_names constant text[] := array(
    select c.value ->> 'source' from jsonb_array_elements(p_counts) as c
    union
    select s.value ->> 'name' from jsonb_array_elements(p_now -> 'sources') as s
    order by 1
  );
begin
  insert into vessel_activity.feed (source)
  select n.name from unnest(v_names) as n (name)
  where not exists (select from vessel_activity.feed as f where f.source = n.name)
  order by n.name
  on conflict (source) do nothing;
  if found and (select count(*) > 1000 from vessel_activity.feed) then
    raise exception using
      errcode = 'program_limit_exceeded',
      message = 'there are more than 1,000 feeds',
      hint = 'Delete those that are no longer used: delete from vessel_activity.feed where source = ....';
  end if;
  perform from vessel_activity.feed as f where f.source = any (v_names) order by f.source for no key update;

  update vessel_activity.feed as f
  set
    address = left(coalesce(n.address, c.address, f.address), 1000),
    feeder = case when n.name is null then f.feeder else p_feeder.id end,
    host = case when n.name is null then f.host else p_feeder.host end,
    process = case when n.name is null then f.process else p_feeder.process end,
    version = case when n.name is null then f.version else p_feeder.version end,
    state = coalesce(n.state, f.state),
    since = case when n.name is null then f.since else coalesce(n.since, v_now) end,
    error = case when n.name is null then f.error else left(n.error, 1000) end,
    silence = coalesce(n.silence, f.silence),
    heard_at = case when n.name is null then f.heard_at else v_now end,
    filed_at = case when c.messages > 0 then v_now else f.filed_at end,
    newest_report_at = greatest(f.newest_report_at, c.newest_report_at),
    newest_arrival_at = greatest(f.newest_arrival_at, c.newest_arrival_at),
    messages = f.messages + coalesce(c.messages, 0),
    positions = f.positions + coalesce(c.positions, 0),
    duplicates = f.duplicates + coalesce(c.duplicates, 0),
    statics = f.statics + coalesce(c.statics, 0),
    ignored = f.ignored + coalesce(c.ignored, 0),
    rejected = f.rejected + coalesce(c.rejected, 0),
    ignored_by_type = vessel_activity.add_counts(f.ignored_by_type, c.ignored_by_type),
    rejected_by_reason = vessel_activity.add_counts(f.rejected_by_reason, c.rejected_by_reason),
    lines = f.lines + coalesce(c.lines, 0),
    reconnects = f.reconnects + coalesce(c.reconnects, 0),
    dropped = f.dropped + coalesce(c.dropped, 0),
    clock_ahead = f.clock_ahead + coalesce(c.clock_ahead, 0),
    clock_behind = f.clock_behind + coalesce(c.clock_behind, 0),
    waiting = case when n.name is null then f.waiting else coalesce((p_now ->> 'waiting')::bigint, 0) end,
    waiting_bytes = case when n.name is null then f.waiting_bytes else coalesce((p_now ->> 'waiting_bytes')::bigint, 0) end,
    waiting_for = case when n.name is null then f.waiting_for else v_sent_at - (p_now ->> 'waiting_since')::timestamptz end,
    clock_offset = case when n.name is null then f.clock_offset else v_sent_at - v_now end,
    -- Two objects of ten minutes each.
    recent = case
      when (f.recent -> -1 ->> 'from')::timestamptz > v_now - interval '10 minutes' then f.recent - -1
      when (f.recent -> -1 ->> 'from')::timestamptz > v_now - interval '20 minutes' then jsonb_build_array(f.recent -> -1)
      else '[]'
    end || jsonb_build_array(
      vessel_activity.add_counts(
        case when (f.recent -> -1 ->> 'from')::timestamptz > v_now - interval '10 minutes' then (f.recent -> -1) - 'from' else '{}' end,
        jsonb_build_object('messages', coalesce(c.messages, 0), 'rejected', coalesce(c.rejected, 0), 'dropped', coalesce(c.dropped, 0),
          'clock_ahead', coalesce(c.clock_ahead, 0), 'clock_behind', coalesce(c.clock_behind, 0)))
      || jsonb_build_object('from', case
        when (f.recent -> -1 ->> 'from')::timestamptz > v_now - interval '10 minutes' then (f.recent -> -1 ->> 'from')::timestamptz
        else v_now end)
    )
  from unnest(v_names) as m (name)
  left join jsonb_to_recordset(p_counts) as c (
    source text, address text, messages bigint, positions bigint, duplicates bigint, statics bigint, ignored bigint, rejected bigint,
    ignored_by_type jsonb, rejected_by_reason jsonb, newest_report_at timestamptz, newest_arrival_at timestamptz, lines bigint,
    reconnects bigint, dropped bigint, clock_ahead bigint, clock_behind bigint
  ) on c.source = m.name
  left join jsonb_to_recordset(p_now -> 'sources') as n (
    name text, address text, state text, since timestamptz, error text, silence integer
  ) on n.name = m.name
  where f.source = m.name;
end
$$;

comment on function vessel_activity.feed_note(vessel_activity.feeder, jsonb, jsonb) is
  'Adds the counts of feed_counts() to vessel_activity.feed, and notes there what p_now says of the feeder and its sources.';
