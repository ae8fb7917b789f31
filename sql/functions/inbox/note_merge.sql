-- AFTER UPDATE trigger on source relations that have partitions or children, besides those that note rows. PostgreSQL
-- (15 to 18 at least) hands triggers the wrong new rows for a MERGE into partitions: after it has inserted a row, each row
-- it updates appears as the inserted one. Then the ids of the new rows are not those of the old ones, and this says in the
-- inbox that it does not tell all, so that the fold that meets it rebuilds. An update of ids does so too, needlessly.
create or replace function vessel_activity.note_merge()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select o.id from old_rows as o except all select n.id from new_rows as n) then
    insert into vessel_activity.inbox (sign) select 0 where vessel_activity.take_inbox_ticket();
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_merge() is
  'Trigger: puts a row of sign 0 into the inbox where the updated rows have other ids than before, as after a MERGE into partitions.';
