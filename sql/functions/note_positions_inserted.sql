-- AFTER INSERT trigger on vessel_positions: appends to the inbox and does nothing else, so that a writer never waits.
-- Rows too old to matter are left out, so that a bulk load of history costs nothing; an hour of margin makes good a
-- clock that is set back. Arrays are built in memory, so a very large statement appends row by row instead.
-- SECURITY DEFINER: writers need no rights in this schema.
create or replace function vessel_activity.note_positions_inserted()
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
  select count(*) into v_rows from (select from new_rows limit 100001) as r;
  if vessel_activity.inbox_is_full('vessel_activity.inbox', v_rows) then
    return null;
  end if;

  insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
  select array_agg(n."vesselId"), array_agg(vessel_activity.utc_instant(n."timestamp")),
    array_agg(vessel_activity.mean_speed_part(n.speed::numeric)), 1
  from new_rows as n
  where n."timestamp" >= vessel_activity.source_time(v_since, n."timestamp")
    and v_rows <= 100000
  having count(*) > 0;

  if v_rows > 100000 then
    insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
    select array[n."vesselId"], array[vessel_activity.utc_instant(n."timestamp")],
      array[vessel_activity.mean_speed_part(n.speed::numeric)], 1
    from new_rows as n
    where n."timestamp" >= vessel_activity.source_time(v_since, n."timestamp");
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_positions_inserted() is 'Trigger: puts inserted positions into the inbox.';
