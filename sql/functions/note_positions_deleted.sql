-- AFTER DELETE trigger on vessel_positions; see note_positions_inserted. A retention delete costs nothing.
create or replace function vessel_activity.note_positions_deleted()
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
  select o."vesselId", vessel_activity.utc_instant(o."timestamp"), vessel_activity.mean_speed_part(o.speed::numeric), -1
  from old_rows as o
  where o."timestamp" >= vessel_activity.source_time(now() - interval '25 hours', o."timestamp");
  return null;
end
$$;

comment on function vessel_activity.note_positions_deleted() is 'Trigger: puts deleted positions into the inbox.';
