-- AFTER UPDATE trigger on vessels. It moves vessels between groups. An update that changes neither type, flag state nor
-- active notes nothing. See note_positions_inserted for SECURITY DEFINER.
create or replace function vessel_activity.note_vessels_updated()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_catalog.to_regclass('vessel_activity.fleet_inbox') is null or pg_catalog.to_regclass('vessel_activity.inbox_parts') is null then
    return null;
  end if;
  insert into vessel_activity.fleet_inbox (kind, name, vessels)
  select c.kind, c.name, c.vessels
  from (
    select g.kind, g.name, sum(r.sign) as vessels
    from (
      select n."vesselType", n.flag, 1 as sign from new_rows as n
      where n.active and vessel_activity.columns_are_readable('vessels')
      union all
      select o."vesselType", o.flag, -1 from old_rows as o
      where o.active and vessel_activity.columns_are_readable('vessels')
    ) as r
    cross join lateral (
      values ('total', ''),
        ('type', vessel_activity.group_name(r."vesselType"::text collate "C")),
        ('flag', vessel_activity.group_name(r.flag::text collate "C"))
    ) as g (kind, name)
    group by g.kind, g.name
    having sum(r.sign) <> 0
  ) as c
  where vessel_activity.take_inbox_ticket();
  return null;
end
$$;

comment on function vessel_activity.note_vessels_updated() is
  'Trigger: puts the groups that updated vessels left and joined into the inbox of the fleet.';
