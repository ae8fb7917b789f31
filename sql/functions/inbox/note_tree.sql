-- AFTER trigger on source tables that have partitions or children, besides the triggers that note rows.
-- A partition may be attached, written to and detached between two refreshes. Then rows may have been noted that the source
-- tables no longer have, or the source tables may have rows that were never noted. So this trigger records in the inbox if
-- the source tables now consist of other relations than when the state was built. The fold that reads this rebuilds the state.
-- The inbox is used since its row becomes visible together with the rows of the writer.
create or replace function vessel_activity.note_tree()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_catalog.to_regclass('vessel_activity.inbox') is null then
    return null;
  end if;
  if (select s.relations from vessel_activity.state as s) is distinct from vessel_activity.source_tree() then
    insert into vessel_activity.inbox (sign) select 0 where vessel_activity.take_inbox_ticket();
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_tree() is
  'Trigger: records in the inbox, by a row of sign 0, that the inbox is incomplete if the source tables consist of other relations than when the state was built.';
