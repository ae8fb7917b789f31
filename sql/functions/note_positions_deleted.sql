-- AFTER DELETE trigger on vessel_positions; see note_positions_inserted. A retention delete costs nothing.
create or replace function vessel_activity.note_positions_deleted()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_since constant timestamptz := now() - interval '25 hours';
  v_rows bigint;
begin
  if tg_relid <> 'public.vessel_positions'::regclass and not vessel_activity.is_source('vessel_positions', tg_relid) then
    return null;
  end if;
  select count(*) into v_rows from (select from old_rows limit 100001) as r;
  if vessel_activity.inbox_is_full('vessel_activity.inbox', v_rows) then
    return null;
  end if;

  insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
  select array_agg(o."vesselId"), array_agg(vessel_activity.utc_instant(o."timestamp")),
    array_agg(vessel_activity.mean_speed_part(o.speed::numeric)), -1
  from old_rows as o
  where o."timestamp" >= vessel_activity.source_time(v_since, o."timestamp")
    and v_rows <= 100000
  having count(*) > 0;

  if v_rows > 100000 then
    insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
    select array[o."vesselId"], array[vessel_activity.utc_instant(o."timestamp")],
      array[vessel_activity.mean_speed_part(o.speed::numeric)], -1
    from old_rows as o
    where o."timestamp" >= vessel_activity.source_time(v_since, o."timestamp");
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_positions_deleted() is 'Trigger: puts deleted positions into the inbox.';
