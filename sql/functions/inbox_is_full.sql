-- Whether a writer must leave its changes out of an inbox: the inbox is over its limit, because nobody has refreshed
-- for long or because an old snapshot keeps its dead rows. Then the skip is counted, so that the next refresh
-- rebuilds. The shared lock tells a refresh that a skipping writer may still be in flight; it is never waited for:
-- a writer that can't have it (a refresh holds it exclusively, for its own duration) appends as usual.
-- Called by the note_* triggers.
create or replace function vessel_activity.inbox_is_full(p_size bigint)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_size > (select s.inbox_limit_bytes from vessel_activity.settings as s)
    and pg_try_advisory_xact_lock_shared(1448100678, 2)
  then
    perform nextval('vessel_activity.skipped');
    return true;
  end if;
  return false;
end
$$;

comment on function vessel_activity.inbox_is_full(bigint) is
  'Whether the calling trigger must skip its append to an inbox of p_size bytes; counts the skip.';
