-- Asked by the note_* triggers of every row, so it is inlined there. What a row pays for is a ticket, from a block that its
-- session has drawn; behind the last of 4,096 tickets the guard is asked, and the limit looked at (see inbox_has_room).
-- So whoever leaves a change out has read the guard before, which is how skippers_in_flight finds him.
-- A guard that has never been set is NULL, and means closed.
create or replace function vessel_activity.inbox_takes()
returns boolean
language sql volatile
return pg_catalog.nextval('vessel_activity.inbox_tickets') operator(pg_catalog.<=) 4096
  or pg_catalog.pg_sequence_last_value('vessel_activity.inbox_guard') operator(pg_catalog.=) 1 and vessel_activity.inbox_has_room();

comment on function vessel_activity.inbox_takes() is
  'Whether the inboxes take one more row; closes them where they are found over their limit.';
