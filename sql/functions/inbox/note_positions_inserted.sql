-- AFTER INSERT trigger on vessel_positions: appends the rows to the inbox as they are and does nothing else, so that a
-- writer never waits and the conversions are left to the refresh. Rows too old to matter are left out, so that a bulk
-- load of history fills nothing. Each further expression would cost a single-row insert a hundredth of its speed. So it
-- is not asked here whether the table is a source: source_fingerprint notices where it is none any more.
-- SECURITY DEFINER: writers need no rights in this schema. Instead of a SET search_path, which would cost a single-row
-- insert a tenth of its speed, every name and operator is qualified. For the same reason it returns NEW, which is NULL
-- here and ignored: the expression NULL would have to be evaluated.
create or replace function vessel_activity.note_positions_inserted()
returns trigger
language plpgsql volatile security definer
as $$
begin
  insert into vessel_activity.inbox (vessel_id, seen_at, speed, sign)
  select vessel_activity.noted_id(n."vesselId"), n."timestamp", vessel_activity.noted_speed(n.speed), 1::pg_catalog.int2
  from new_rows as n
  where n."timestamp" operator(pg_catalog.>=) vessel_activity.source_time(vessel_activity.inbox_since(), n."timestamp")
    and vessel_activity.take_inbox_ticket();
  return new;
end
$$;

comment on function vessel_activity.note_positions_inserted() is 'Trigger: puts inserted positions into the inbox.';
