-- AFTER UPDATE trigger on vessel_positions; see note_positions_inserted. An update is the old row gone and the new
-- row come; what does not change vessel, time or speed cancels out and costs the refresh nothing.
create or replace function vessel_activity.note_positions_updated()
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
  select c.vessel_id, c.seen_at, c.speed, s.sign
  from (
    select r.vessel_id, r.seen_at, r.speed, sum(r.sign) as net
    from (
      select n."vesselId" as vessel_id, vessel_activity.utc_instant(n."timestamp") as seen_at,
        vessel_activity.mean_speed_part(n.speed::numeric) as speed, 1 as sign
      from new_rows as n
      where n."timestamp" >= vessel_activity.source_time(now() - interval '25 hours', n."timestamp")
      union all
      select o."vesselId", vessel_activity.utc_instant(o."timestamp"),
        vessel_activity.mean_speed_part(o.speed::numeric), -1
      from old_rows as o
      where o."timestamp" >= vessel_activity.source_time(now() - interval '25 hours', o."timestamp")
    ) as r
    group by r.vessel_id, r.seen_at, r.speed
    having sum(r.sign) <> 0
  ) as c
  cross join lateral (select sign(c.net)::smallint as sign from generate_series(1, abs(c.net))) as s;
  return null;
end
$$;

comment on function vessel_activity.note_positions_updated() is 'Trigger: puts what an update of positions changed into the inbox.';
