-- AFTER INSERT trigger on vessel_positions: appends to the inbox and does nothing else, so that a writer never waits.
-- Rows too old to matter are left out, so that a bulk load of history costs nothing; an hour of margin makes good a
-- clock that is set back. Through arrays, since a distributed table's trigger can't read a transition table while it
-- writes. SECURITY DEFINER: writers need no rights in this schema.
create or replace function vessel_activity.note_positions_inserted()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_relation_size('vessel_activity.inbox') > 8192
    and vessel_activity.inbox_is_full(pg_relation_size('vessel_activity.inbox'))
  then
    return null;
  end if;
  insert into vessel_activity.inbox (vessel_id, seen_at, speed, sign)
  select n."vesselId", vessel_activity.utc_instant(n."timestamp"), vessel_activity.mean_speed_part(n.speed::numeric), 1
  from new_rows as n
  where n."timestamp" >= vessel_activity.source_time(now() - interval '25 hours', n."timestamp");
  return null;
end
$$;

comment on function vessel_activity.note_positions_inserted() is 'Trigger: puts inserted positions into the inbox.';
