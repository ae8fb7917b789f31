-- Decides how a refresh computes the figures, and why:
--   incremental  the state can be used: fold the inboxes into it
--   rebuild      the state can't be used, but can be built now
--   definition   the state can't be built now either: vessel_activity_at() computes the figures
-- Changes nothing. The caller has called lock_sources, holds the refresh lock and has read p_state since.
create or replace function vessel_activity.plan_refresh(
  p_as_of timestamptz,
  p_settings vessel_activity.settings,
  p_state vessel_activity.state,
  out mode text,
  out reason text,
  out fingerprint text,
  out obstacle text,
  out verify boolean,
  out clock_was_ahead boolean
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  verify := false;
  fingerprint := p_state.fingerprint;
  clock_was_ahead := coalesce(p_state.as_of > greatest(p_as_of, clock_timestamp()), false);

  mode := 'definition';
  if fingerprint is null and p_state.in_doubt <> '{}'
    and exists (select from pg_prepared_xacts as x where x.database = current_database() and x.transaction = any (p_state.in_doubt))
  then
    reason := 'a transaction that was prepared before the state was lost has not ended';
    return;
  end if;

  -- These obstacles are checked before a fold: with them a fold would fail or would be of no use.
  if exists (select from vessel_activity.unfitting_columns())
    or pg_sequence_last_value('vessel_activity.inbox_guard') is distinct from 1
  then
    select coalesce(f.obstacle, 'the source tables are being altered') into obstacle from vessel_activity.source_fingerprint() as f;
    reason := obstacle;
    return;
  end if;

  mode := 'rebuild';
  reason := case
    when fingerprint is null then 'there was no state'
    when p_state.far_due_at <= p_as_of then 'positions stamped more than an hour ahead have come due'
    when p_state.as_of > p_as_of then 'the server''s clock was set back'
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
    return;
  end if;

  select f.obstacle into obstacle from vessel_activity.source_fingerprint() as f;
  if obstacle is not null then
    mode := 'definition';
    reason := obstacle;
  end if;
end
$$;

comment on function vessel_activity.plan_refresh(timestamptz, vessel_activity.settings, vessel_activity.state) is
  'Decides how to compute the figures as of p_as_of. mode: incremental, rebuild or definition. reason: why not incremental. fingerprint: the fingerprint from when the state was built. obstacle: why changes could go unseen; the inboxes are of no use then. verify: whether to compare the state with the definition. clock_was_ahead: the state is of an instant that the clock has not reached.';
