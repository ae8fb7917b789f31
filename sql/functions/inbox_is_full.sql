-- Whether a writer must leave its changes out of an inbox: the inbox is over its limit, because nobody has refreshed
-- for long or because an old snapshot keeps its dead rows. Then the skip is counted, so that the next refresh
-- rebuilds. The shared lock tells a refresh that a skipping writer may still be in flight; it is never waited for:
-- a writer that can't have it (a refresh holds it exclusively, for its own duration) appends as usual.
-- Arrays of a few rows stay in the table itself, whose size is cheap to ask; larger ones are kept beside it (TOAST).
-- Called by the note_* triggers.
create or replace function vessel_activity.inbox_is_full(p_inbox regclass, p_rows bigint)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_size constant bigint := case when p_rows < 20 then pg_relation_size(p_inbox) else pg_table_size(p_inbox) end;
begin
  if v_size > 65536
    and v_size > (select s.inbox_limit_bytes from vessel_activity.settings as s)
    and pg_try_advisory_xact_lock_shared(1448100678, 2)
  then
    perform nextval('vessel_activity.skipped');
    return true;
  end if;
  return false;
end
$$;

comment on function vessel_activity.inbox_is_full(regclass, bigint) is
  'Whether the calling trigger must skip its append of p_rows rows to p_inbox; counts the skip.';
