-- AFTER row trigger on vessel_positions. It is ENABLE REPLICA: it fires with session_replication_role = replica, where the
-- statement triggers do not fire. Programs that apply the changes of another server use this role. Most of them fire no
-- statement triggers at all, only row triggers. See note_positions_inserted for SECURITY DEFINER and old rows.
create or replace function vessel_activity.note_positions_applied()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass('vessel_activity.inbox') is null or to_regclass('vessel_activity.inbox_parts') is null then
    return null; -- see note_positions_inserted
  end if;
  perform vessel_activity.note_tree_applied(tg_relid);
  if tg_op <> 'INSERT' then
    insert into vessel_activity.inbox (vessel_id, seen_at, speed, sign)
    select vessel_activity.noted_id(old."vesselId"), old."timestamp", vessel_activity.noted_speed(old.speed), (-1)::smallint
    where old."timestamp" >= vessel_activity.source_time(vessel_activity.inbox_since(), old."timestamp")
      and vessel_activity.take_inbox_ticket();
  end if;
  if tg_op <> 'DELETE' then
    insert into vessel_activity.inbox (vessel_id, seen_at, speed, sign)
    select vessel_activity.noted_id(new."vesselId"), new."timestamp", vessel_activity.noted_speed(new.speed), 1::smallint
    where new."timestamp" >= vessel_activity.source_time(vessel_activity.inbox_since(), new."timestamp")
      and vessel_activity.take_inbox_ticket();
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_positions_applied() is
  'Trigger: puts a position that a replica session inserted, updated or deleted into the inbox.';
