-- AFTER UPDATE trigger on source tables that have partitions or children, besides the triggers that note rows.
-- For a MERGE into partitions, PostgreSQL (15 to 18 at least) gives triggers wrong new rows: after the MERGE has inserted a
-- row, each row that it updates appears as the inserted row. Then the ids of the new rows differ from those of the old rows.
-- In that case this trigger records in the inbox that the inbox is incomplete, and the fold that reads this rebuilds the
-- state. An UPDATE that changes ids has the same effect, although it needs no rebuild.
create or replace function vessel_activity.note_merge()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_catalog.to_regclass('vessel_activity.inbox') is null then
    return null;
  end if;
  if exists (select o.id from old_rows as o except all select n.id from new_rows as n) then
    insert into vessel_activity.inbox (sign) select 0 where vessel_activity.take_inbox_ticket();
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_merge() is
  'Trigger: puts a row of sign 0 into the inbox if the updated rows have other ids than before, as after a MERGE into partitions.';
