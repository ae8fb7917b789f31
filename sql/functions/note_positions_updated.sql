-- AFTER UPDATE trigger on vessel_positions; see note_positions_inserted. An update is the old row gone and the new
-- row come; what changes neither vessel, time nor speed cancels out and costs the refresh nothing.
create or replace function vessel_activity.note_positions_updated()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  if vessel_activity.leaves_out('vessel_positions', tg_relid) then
    return null;
  end if;

  select count(*) into v_rows from (select from new_rows limit 100001) as r;
  insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
  select array_agg(c.vessel_id), array_agg(c.seen_at), array_agg(c.speed), c.sign
  from (
    select r.vessel_id, r.seen_at, r.speed, sign(sum(r.sign))::smallint as sign, abs(sum(r.sign)) as times
    from (
      select n."vesselId" as vessel_id, vessel_activity.utc_instant(n."timestamp") as seen_at,
        vessel_activity.mean_speed_part(n.speed::numeric) as speed, 1 as sign
      from new_rows as n
      where n."timestamp" >= vessel_activity.source_time(vessel_activity.inbox_since(), n."timestamp")
      union all
      select o."vesselId", vessel_activity.utc_instant(o."timestamp"),
        vessel_activity.mean_speed_part(o.speed::numeric), -1
      from old_rows as o
      where o."timestamp" >= vessel_activity.source_time(vessel_activity.inbox_since(), o."timestamp")
    ) as r
    group by r.vessel_id, r.seen_at, r.speed
    having sum(r.sign) <> 0
  ) as c
  cross join lateral generate_series(1, c.times)
  -- Small statements share a row a sign; in very large ones each vessel and second has its own, to bound the arrays.
  group by c.sign, case when v_rows > 100000 then c.vessel_id end, case when v_rows > 100000 then c.seen_at end;
  return null;
end
$$;

comment on function vessel_activity.note_positions_updated() is 'Trigger: puts what an update of positions changed into the inbox.';
