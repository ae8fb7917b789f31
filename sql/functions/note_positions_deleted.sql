-- AFTER DELETE trigger on vessel_positions; see note_positions_inserted. A retention delete costs nothing.
create or replace function vessel_activity.note_positions_deleted()
returns trigger
language plpgsql volatile security definer
as $$
declare
  v_rows bigint;
begin
  if tg_table_name operator(pg_catalog.<>) 'vessel_positions'::pg_catalog.name
    or tg_table_schema operator(pg_catalog.<>) 'public'::pg_catalog.name
    or pg_catalog.pg_sequence_last_value('vessel_activity.inbox_guard') operator(pg_catalog.>) 1
    or pg_catalog.random() operator(pg_catalog.<) 0.0078125::pg_catalog.float8
  then
    if vessel_activity.leaves_out('vessel_positions', tg_relid) then
      return new;
    end if;
  end if;

  insert into vessel_activity.inbox (vessel_id, seen_at, speed, sign)
  select vessel_activity.noted_id(o."vesselId"), o."timestamp", vessel_activity.noted_speed(o.speed), (-1)::pg_catalog.int2
  from old_rows as o
  where o."timestamp" operator(pg_catalog.>=) vessel_activity.source_time(vessel_activity.inbox_since(), o."timestamp");

  get diagnostics v_rows = row_count;
  if v_rows operator(pg_catalog.>) 100 then
    perform vessel_activity.leaves_out('vessel_positions', tg_relid);
  end if;
  return new;
end
$$;

comment on function vessel_activity.note_positions_deleted() is 'Trigger: puts deleted positions into the inbox.';
