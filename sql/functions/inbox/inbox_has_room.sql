-- Whether the inboxes are within their limit; then there are tickets again for as many rows. Where they are not (nobody has
-- refreshed for long, or an old snapshot keeps their dead rows), they are closed, for all writers at once: a sequence is
-- seen at once, and no rollback takes it back. Only tend_inbox opens them again. Called by inbox_takes.
create or replace function vessel_activity.inbox_has_room()
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

comment on function vessel_activity.inbox_has_room() is
  'Whether the inboxes are within settings.inbox_limit_bytes; closes them where they are not.';
