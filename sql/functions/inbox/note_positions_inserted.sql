-- AFTER INSERT trigger on vessel_positions. It appends the rows to the inbox as they are and does nothing else, so that a
-- writer never waits. The refresh converts the values. Rows too old to matter are left out, so that a bulk load of old
-- positions does not fill the inbox.
-- Each further expression would slow a single-row insert by a hundredth. So this trigger does not check whether its table is
-- still a source table; source_fingerprint notices that.
-- SECURITY DEFINER: writers need no rights in schema vessel_activity. Every name and operator is qualified, since a
-- SET search_path would slow a single-row insert by a tenth.
-- If the inbox is not there, because somebody renamed schema vessel_activity or dropped the table, the changes are left out, so
-- that the writer does not fail. The same is true if something is not there that a trigger needs besides: then the view
-- inbox_parts is gone too. source_fingerprint notices the new name, the new table or the new view afterwards.
-- It returns NEW, which is NULL here and ignored: the expression NULL would have to be evaluated.
create or replace function vessel_activity.note_positions_inserted()
returns trigger
language plpgsql volatile security definer
as $$
begin
  if pg_catalog.to_regclass('vessel_activity.inbox') is null or pg_catalog.to_regclass('vessel_activity.inbox_parts') is null then
    return new;
  end if;
  insert into vessel_activity.inbox (vessel_id, seen_at, speed, sign)
  select vessel_activity.noted_id(n."vesselId"), n."timestamp", vessel_activity.noted_speed(n.speed), 1::pg_catalog.int2
  from new_rows as n
  where n."timestamp" operator(pg_catalog.>=) vessel_activity.source_time(vessel_activity.inbox_since(), n."timestamp")
    and vessel_activity.columns_are_readable('vessel_positions')
    and vessel_activity.take_inbox_ticket();
  return new;
end
$$;

comment on function vessel_activity.note_positions_inserted() is
  'Trigger: puts inserted positions into the inbox.';
