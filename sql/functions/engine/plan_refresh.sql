-- Decides how a refresh computes the figures, and why:
--   incremental  the state can be used: fold the inboxes into it
--   rebuild      the state can't be used, but can be built now
--   definition   the state can't be built now either: part_at() computes the figures
-- Before a rebuild, refresh_at looks for further obstacles.
-- Changes nothing. The caller has called lock_sources, holds the refresh lock and has read p_state since.
create or replace function vessel_activity.plan_refresh(
  p_as_of timestamptz,
  p_settings vessel_activity.settings,
  p_state vessel_activity.state,
  out mode text,
  out reason text,
  out obstacle text,
  out verify boolean,
  out clock_was_ahead boolean
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  verify := false;
  clock_was_ahead := coalesce(p_state.as_of > greatest(p_as_of, clock_timestamp()), false);

  mode := 'definition';
  if p_state.fingerprint is null and p_state.in_doubt <> '{}'
    and exists (select from pg_prepared_xacts as x where x.database = current_database() and x.transaction = any (p_state.in_doubt))
  then
    reason := 'a transaction that was prepared before the state was lost has not ended';
    return;
  end if;

  -- These obstacles are looked for before a fold: with them a fold would fail or would be of no use. If the fingerprint has
  -- not changed, there are none.
  if p_state.fingerprint is distinct from vessel_activity.source_fingerprint(p_state.relations, p_state.functions) then
    if exists (select from vessel_activity.unfitting_columns()) or vessel_activity.missing_column() is not null
      or pg_sequence_last_value('vessel_activity.inbox_guard') is distinct from 1
      or vessel_activity.asks_shards('vessels') or vessel_activity.asks_shards('vessel_positions')
    then
      obstacle := coalesce(vessel_activity.source_obstacle(), 'the source tables are being altered');
      reason := obstacle;
      return;
    end if;
  end if;

  mode := 'rebuild';
  reason := case
    when p_state.fingerprint is null then 'there was no state'
    when p_state.far_due_at <= p_as_of then 'positions stamped more than an hour ahead have come due'
    when p_state.as_of > p_as_of then 'the server''s clock was set back'
    when p_state.positions_ahead is null or p_state.hour_positions is null then 'the state was built by an earlier version of vessel activity'
  end;

  -- The state is not written until the old snapshot that keeps its dead rows has ended. The inboxes keep the changes.
  if reason is null and vessel_activity.state_is_bloated(p_settings.state_limit_bytes) then
    mode := 'definition';
    reason := 'the state is over its limit because an old snapshot keeps its dead rows';
    return;
  end if;

  if reason is null then
    mode := 'incremental';
    verify := p_state.verified_at <= p_as_of - p_settings.verify_interval;
  end if;
end
$$;

comment on function vessel_activity.plan_refresh(timestamptz, vessel_activity.settings, vessel_activity.state) is
  'Decides how to compute the figures as of p_as_of. mode: incremental, rebuild or definition. reason: why not incremental. obstacle: why changes could go unseen; the inboxes are of no use then. verify: whether to compare the state with the definition. clock_was_ahead: the state is of an instant that the clock has not reached.';
