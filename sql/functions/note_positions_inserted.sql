-- AFTER INSERT trigger on vessel_positions: appends the rows to the inbox as they are and does nothing else, so that a
-- writer never waits and the conversions are left to the refresh. Rows too old to matter are left out, so that a bulk
-- load of history costs nothing.
-- The guard asks cheaply whether the inbox may be full (see leaves_out): always when somebody has found it full, after
-- a large statement, which may fill it alone, and else one time in 128.
-- SECURITY DEFINER: writers need no rights in this schema. Instead of a SET search_path, which would cost a single-row
-- insert a tenth of its speed, every name and operator is qualified. For the same reason it returns NEW, which is NULL
-- here and ignored: the expression NULL would have to be evaluated.
create or replace function vessel_activity.note_positions_inserted()
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
  select vessel_activity.noted_id(n."vesselId"), n."timestamp", vessel_activity.noted_speed(n.speed), 1::pg_catalog.int2
  from new_rows as n
  where n."timestamp" operator(pg_catalog.>=) vessel_activity.source_time(vessel_activity.inbox_since(), n."timestamp");

  get diagnostics v_rows = row_count;
  if v_rows operator(pg_catalog.>) 100 then
    perform vessel_activity.leaves_out('vessel_positions', tg_relid);
  end if;
  return new;
end
$$;

comment on function vessel_activity.note_positions_inserted() is 'Trigger: puts inserted positions into the inbox.';
