-- Whether a writer's changes are not to be noted. Either the relation is no source any more: a detached partition, or a
-- table renamed away, keeps our triggers. Or the inboxes are over their limit, because nobody has refreshed for long or
-- because an old snapshot keeps their dead rows. Then the skip is counted, so that the next refresh rebuilds; and the
-- guard is set to 2, so that every writer asks here until the inboxes have shrunk.
-- The shared lock tells a refresh that a skipping writer may still be in flight. It is never waited for: a writer that
-- can't have it (a refresh holds it exclusively, for its own duration) notes its changes as usual.
-- Called by the note_* triggers.
create or replace function vessel_activity.leaves_out(p_source text, p_relation oid)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_was_full constant boolean := coalesce(pg_sequence_last_value('vessel_activity.inbox_guard'), 1) > 1;
  v_is_full boolean := v_was_full;
begin
  -- Asked of the catalog caches, which are current, and not of pg_inherits, which a writer sees as of its snapshot.
  if p_relation <> to_regclass('public.' || p_source)
    and pg_partition_root(p_relation) is distinct from to_regclass('public.' || p_source)
  then
    return true;
  end if;

  -- Asking for sizes is dear; while the inboxes are known to be full, one writer in sixteen is enough.
  if not v_was_full or random() < 0.0625 then
    v_is_full := greatest(pg_table_size('vessel_activity.inbox'), pg_table_size('vessel_activity.fleet_inbox'))
      > (select s.inbox_limit_bytes from vessel_activity.settings as s);
  end if;
  if v_is_full <> v_was_full then
    perform setval('vessel_activity.inbox_guard', 1 + v_is_full::integer);
  end if;
  if v_is_full and pg_try_advisory_xact_lock_shared(1448100678, 2) then
    perform nextval('vessel_activity.skipped');
    return true;
  end if;
  return false;
end
$$;

comment on function vessel_activity.leaves_out(text, oid) is
  'Whether the calling trigger must not note a change of p_relation: it is no part of the table p_source any more, or the inboxes are full; counts the skip and sets the guard.';
