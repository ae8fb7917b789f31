-- AFTER UPDATE trigger on source tables that have partitions or children, besides the triggers that note rows.
-- If a MERGE moves rows across partitions, or inserts some rows and updates others, the triggers do not get all changes, or get
-- wrong rows. What they get differs between minor versions of PostgreSQL, and nothing in the rows tells it. So this trigger
-- records in the inbox that the statement may be a MERGE, and the fold that reads this rebuilds the state.
-- A MERGE without UPDATE does not fire this trigger. It moves no rows, and the triggers get all its changes.
create or replace function vessel_activity.note_merge()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_context text;
begin
  if pg_catalog.to_regclass('vessel_activity.inbox') is null or pg_catalog.to_regclass('vessel_activity.inbox_parts') is null then
    return null;
  end if;
  get diagnostics v_context = pg_context;
  if vessel_activity.may_be_merge(current_query(), v_context) then
    insert into vessel_activity.inbox (sign) select 0 where vessel_activity.take_inbox_ticket();
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_merge() is
  'Trigger: records in the inbox, by a row of sign 0, that the inbox is incomplete if the statement may be a MERGE that updates rows.';
