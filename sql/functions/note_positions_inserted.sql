-- AFTER INSERT trigger on vessel_positions: appends to the inbox and does nothing else, so that a writer never waits.
-- A statement of a few rows, which is what most feeds send, must cost next to nothing: one plain INSERT … SELECT. Only
-- a larger one is looked at further: rows too old to matter are left out, so that a bulk load of history costs nothing,
-- and the rest goes into one inbox row, as arrays; a very large one row by row, since arrays are built in memory.
-- The guard asks cheaply whether the inbox may be full (see leaves_out): always when somebody has found it full, else
-- one time in sixteen.
-- SECURITY DEFINER: writers need no rights in this schema. Instead of a SET search_path, which would cost a single-row
-- insert a tenth of its speed, every name and operator is qualified.
create or replace function vessel_activity.note_positions_inserted()
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
  select array[n."vesselId"], array[vessel_activity.utc_instant(n."timestamp")],
    array[vessel_activity.mean_speed_part(n.speed::pg_catalog.numeric)], 1
  from new_rows as n
  limit 16;

  get diagnostics v_rows = row_count;
  if v_rows operator(pg_catalog.=) 16 then
    perform vessel_activity.leaves_out('vessel_positions', tg_relid); -- a large statement may fill the inbox alone
    select pg_catalog.count(*) into v_rows from (select from new_rows offset 16 limit 100001) as r;
    if v_rows operator(pg_catalog.<=) 100000 then
      insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
      select pg_catalog.array_agg(n."vesselId"), pg_catalog.array_agg(vessel_activity.utc_instant(n."timestamp")),
        pg_catalog.array_agg(vessel_activity.mean_speed_part(n.speed::pg_catalog.numeric)), 1
      from (select * from new_rows offset 16) as n
      where n."timestamp" operator(pg_catalog.>=) vessel_activity.source_time(vessel_activity.inbox_since(), n."timestamp")
      having pg_catalog.count(*) operator(pg_catalog.>) 0;
    else
      insert into vessel_activity.inbox (vessel_ids, seen_ats, speeds, sign)
      select array[n."vesselId"], array[vessel_activity.utc_instant(n."timestamp")],
        array[vessel_activity.mean_speed_part(n.speed::pg_catalog.numeric)], 1
      from (select * from new_rows offset 16) as n
      where n."timestamp" operator(pg_catalog.>=) vessel_activity.source_time(vessel_activity.inbox_since(), n."timestamp");
    end if;
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_positions_inserted() is 'Trigger: puts inserted positions into the inbox.';
