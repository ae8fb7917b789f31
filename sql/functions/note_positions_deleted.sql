-- AFTER DELETE trigger on vessel_positions; see note_positions_inserted. A retention delete costs nothing.
create or replace function vessel_activity.note_positions_deleted()
returns trigger
language plpgsql volatile security definer
as $$
declare
  v_rows bigint;
begin
  if tg_relid operator(pg_catalog.<>) 'public.vessel_positions'::pg_catalog.regclass
    or pg_catalog.pg_sequence_last_value('vessel_activity.inbox_guard') operator(pg_catalog.>) 1
    or pg_catalog.random() operator(pg_catalog.<) 0.0625::pg_catalog.float8
  then
    if vessel_activity.leaves_out('vessel_positions', tg_relid) then
      return null;
    end if;
  end if;

  insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
  select array[o."vesselId"], array[vessel_activity.utc_instant(o."timestamp")],
    array[vessel_activity.mean_speed_part(o.speed::pg_catalog.numeric)], -1
  from old_rows as o
  limit 16;

  get diagnostics v_rows = row_count;
  if v_rows operator(pg_catalog.=) 16 then
    perform vessel_activity.leaves_out('vessel_positions', tg_relid); -- a large statement may fill the inbox alone
    select pg_catalog.count(*) into v_rows from (select from old_rows offset 16 limit 100001) as r;
    if v_rows operator(pg_catalog.<=) 100000 then
      insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
      select pg_catalog.array_agg(o."vesselId"), pg_catalog.array_agg(vessel_activity.utc_instant(o."timestamp")),
        pg_catalog.array_agg(vessel_activity.mean_speed_part(o.speed::pg_catalog.numeric)), -1
      from (select * from old_rows offset 16) as o
      where o."timestamp" operator(pg_catalog.>=) vessel_activity.source_time(vessel_activity.inbox_since(), o."timestamp")
      having pg_catalog.count(*) operator(pg_catalog.>) 0;
    else
      insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
      select array[o."vesselId"], array[vessel_activity.utc_instant(o."timestamp")],
        array[vessel_activity.mean_speed_part(o.speed::pg_catalog.numeric)], -1
      from (select * from old_rows offset 16) as o
      where o."timestamp" operator(pg_catalog.>=) vessel_activity.source_time(vessel_activity.inbox_since(), o."timestamp");
    end if;
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_positions_deleted() is 'Trigger: puts deleted positions into the inbox.';
