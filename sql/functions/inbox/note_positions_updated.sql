-- AFTER UPDATE trigger on vessel_positions; see note_positions_inserted. It notes an update as the old row that went and the
-- new row that came. An update that changes neither vessel, time, speed nor place cancels out, and nothing is noted. An update
-- of the place alone is noted like any other: then the refresh looks the vessel up.
-- Places are compared as text, which a column of any type has. If somebody drops these columns, no writer may fail: then their
-- names mean the columns of no_place.
create or replace function vessel_activity.note_positions_updated()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_catalog.to_regclass('vessel_activity.inbox') is null or pg_catalog.to_regclass('vessel_activity.inbox_parts') is null then
    return null;
  end if;
  insert into vessel_activity.inbox (vessel_id, seen_at, speed, sign)
  select vessel_activity.noted_id(c.vessel_id), c.seen_at, vessel_activity.noted_speed(c.speed), c.sign
  from (
    select r.vessel_id, r.seen_at, r.speed, sign(sum(r.sign))::smallint as sign, abs(sum(r.sign)) as times
    from (
      select n."vesselId" as vessel_id, n."timestamp" as seen_at, n.speed, 1 as sign,
        (select row(latitude, longitude)::text from (select n.*) as place) as place
      from (select null as latitude, null as longitude) as no_place cross join new_rows as n
      where n."timestamp" >= vessel_activity.source_time(vessel_activity.inbox_since(), n."timestamp")
        and vessel_activity.columns_are_readable('vessel_positions')
      union all
      select o."vesselId", o."timestamp", o.speed, -1,
        (select row(latitude, longitude)::text from (select o.*) as place)
      from (select null as latitude, null as longitude) as no_place cross join old_rows as o
      where o."timestamp" >= vessel_activity.source_time(vessel_activity.inbox_since(), o."timestamp")
        and vessel_activity.columns_are_readable('vessel_positions')
    ) as r
    group by r.vessel_id, r.seen_at, r.speed, r.place
    having sum(r.sign) <> 0
  ) as c
  cross join lateral generate_series(1, c.times)
  where vessel_activity.take_inbox_ticket();
  return new;
end
$$;

comment on function vessel_activity.note_positions_updated() is
  'Trigger: puts the old and new rows of updated positions into the inbox, as far as they differ in vessel, time, speed or place.';
