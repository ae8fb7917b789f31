-- AFTER DELETE trigger on vessels. It takes the deleted vessels of the fleet (active = true) from their groups: type, flag state and total.
-- See note_positions_inserted for SECURITY DEFINER.
create or replace function vessel_activity.note_vessels_deleted()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_catalog.to_regclass('vessel_activity.fleet_inbox') is null or pg_catalog.to_regclass('vessel_activity.inbox_parts') is null then
    return null;
  end if;
  insert into vessel_activity.fleet_inbox (kind, name, vessels)
  select g.kind, g.name, - count(*)
  from old_rows as o
  cross join lateral (
    values ('total', ''),
      ('type', vessel_activity.group_name(o."vesselType"::text collate "C")),
      ('flag', vessel_activity.group_name(o.flag::text collate "C"))
  ) as g (kind, name)
  where o.active and vessel_activity.columns_are_readable('vessels')
    and vessel_activity.take_inbox_ticket()
  group by g.kind, g.name;
  return null;
end
$$;

comment on function vessel_activity.note_vessels_deleted() is
  'Trigger: puts the groups of deleted vessels into the inbox of the fleet.';
