-- AFTER row trigger on vessels, ENABLE REPLICA. It counts a vessel by type, by flag state and in total if it is active; see
-- note_positions_applied. An update that changes neither type, flag state nor active notes nothing.
create or replace function vessel_activity.note_vessels_applied()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass('vessel_activity.fleet_inbox') is null or to_regclass('vessel_activity.inbox_parts') is null then
    return null; -- see note_positions_inserted
  end if;
  perform vessel_activity.note_tree_applied(tg_relid);
  insert into vessel_activity.fleet_inbox (kind, name, vessels)
  select c.kind, c.name, c.vessels
  from (
    select g.kind, g.name, sum(r.sign) as vessels
    from (
      select new."vesselType" as type, new.flag as flag, 1 as sign where tg_op <> 'DELETE' and new.active
      union all
      select old."vesselType", old.flag, -1 where tg_op <> 'INSERT' and old.active
    ) as r
    cross join lateral (
      values ('total', ''),
        ('type', vessel_activity.group_name(r.type::text collate "C")),
        ('flag', vessel_activity.group_name(r.flag::text collate "C"))
    ) as g (kind, name)
    group by g.kind, g.name
    having sum(r.sign) <> 0
  ) as c
  where vessel_activity.take_inbox_ticket();
  return null;
end
$$;

comment on function vessel_activity.note_vessels_applied() is
  'Trigger: puts the groups of a vessel that a replica session inserted, updated or deleted into the inbox of the fleet.';
