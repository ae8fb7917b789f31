-- AFTER DELETE trigger on vessel_positions; see note_positions_inserted. It leaves out rows that are too old to matter, so
-- a deletion of old positions notes nothing.
create or replace function vessel_activity.note_positions_deleted()
returns trigger
language plpgsql volatile security definer
as $$
begin
  if pg_catalog.to_regclass('vessel_activity.inbox') is null or pg_catalog.to_regclass('vessel_activity.inbox_parts') is null then
    return new;
  end if;
  insert into vessel_activity.inbox (vessel_id, seen_at, speed, sign)
  select vessel_activity.noted_id(o."vesselId"), o."timestamp", vessel_activity.noted_speed(o.speed), (-1)::pg_catalog.int2
  from old_rows as o
  where o."timestamp" operator(pg_catalog.>=) vessel_activity.source_time(vessel_activity.inbox_since(), o."timestamp")
    and vessel_activity.columns_are_readable('vessel_positions')
    and vessel_activity.take_inbox_ticket();
  return new;
end
$$;

comment on function vessel_activity.note_positions_deleted() is
  'Trigger: puts deleted positions into the inbox.';
