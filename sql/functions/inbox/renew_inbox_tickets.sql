-- Checks the limit of the inboxes when all tickets are drawn. Within the limit it restarts the count of tickets. Over the
-- limit (no refresh has run for long, or an old snapshot keeps dead rows) it closes the inboxes to all writers. The guard is
-- a sequence: its value is seen at once, and no rollback takes it back. Only tend_inbox opens the inboxes again.
create or replace function vessel_activity.renew_inbox_tickets()
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if vessel_activity.inbox_bytes() <= (select s.inbox_limit_bytes from vessel_activity.settings as s) then
    perform setval('vessel_activity.inbox_tickets', 1, false);
    return true;
  end if;
  perform setval('vessel_activity.inbox_guard', 2);
  return false;
end
$$;

comment on function vessel_activity.renew_inbox_tickets() is
  'Restarts the count of tickets if the inboxes are within settings.inbox_limit_bytes; otherwise closes the inboxes. Returns whether they are within the limit.';
