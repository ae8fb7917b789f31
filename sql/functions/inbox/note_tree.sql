-- AFTER trigger on source relations that have partitions or children, besides those that note rows: says so in the inbox
-- where the sources consist of other relations than the state was built from. Then rows may have been noted that go with
-- a relation dropped or detached before the next refresh, or come with one attached: the fold that meets it rebuilds.
-- In the inbox, so that it is seen when the writer's rows are, and not before.
create or replace function vessel_activity.note_tree()
returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if (select s.tree from vessel_activity.state as s) is distinct from vessel_activity.source_tree() then
    insert into vessel_activity.inbox (sign) select 0 where vessel_activity.take_inbox_ticket();
  end if;
  return null;
end
$$;

comment on function vessel_activity.note_tree() is
  'Trigger: puts a row of sign 0 into the inbox where the sources consist of other relations than the state was built from.';
