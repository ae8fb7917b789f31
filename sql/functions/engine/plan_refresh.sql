-- How this refresh has to be done, and why:
--   incremental  the state is whole: fold the inbox into it
--   rebuild      there is no usable state, but it can be built now
--   definition   it can't be built now either; vessel_activity_at answers this time
-- Called by refresh_at first of all.
create or replace function vessel_activity.plan_refresh(
  p_as_of timestamptz,
  p_settings vessel_activity.settings,
  out mode text,
  out reason text,
  out fingerprint text,
  out obstacle text,
  out verify boolean
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_state vessel_activity.state;
begin
  verify := false;
  select s.* into v_state from vessel_activity.state as s;

  if v_state is null then
    -- After a crash. A transaction prepared before it can still commit, but its inbox rows are gone.
    insert into vessel_activity.state (in_doubt)
    select array(select x.transaction from pg_prepared_xacts as x where x.database = current_database())
    returning * into v_state;
  end if;
  fingerprint := v_state.fingerprint;

  mode := 'definition';
  if fingerprint is null and v_state.in_doubt <> '{}'
    and exists (select from pg_prepared_xacts as x where x.database = current_database() and x.transaction = any (v_state.in_doubt))
  then
    reason := 'a transaction prepared before the state was lost has not ended';
    return;
  end if;

  if pg_sequence_last_value('vessel_activity.inbox_guard') is distinct from 1 then
    perform vessel_activity.tend_inbox();
  end if;
  -- Where nothing can be folded, it is seen before that is tried.
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
    when v_state.far_due_at <= p_as_of then 'positions that had been stamped far ahead have come due'
    when v_state.as_of > p_as_of then 'the server''s clock was set back'
  end;

  -- Writes no state until the old snapshot that keeps its dead rows has ended; the inbox keeps what is to be folded then.
  if reason is null and vessel_activity.state_is_bloated(p_settings.state_limit_bytes) then
    mode := 'definition';
    reason := 'the state is over its limit, since an old snapshot keeps its dead rows';
    return;
  end if;

  if reason is null then
    mode := 'incremental';
    verify := v_state.verified_at <= p_as_of - p_settings.verify_interval;
    return;
  end if;

  select f.obstacle into obstacle from vessel_activity.source_fingerprint() as f;
  if obstacle is not null then
    mode := 'definition';
    reason := obstacle;
  end if;
end
$$;

comment on function vessel_activity.plan_refresh(timestamptz, vessel_activity.settings) is
  'How a refresh as of p_as_of has to be done: mode incremental, rebuild or definition, and the reason for the latter two. obstacle: why changes could go unseen; what is in the inboxes is of no use then.';
