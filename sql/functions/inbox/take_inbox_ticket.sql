-- Draws a ticket for one row that a note_* trigger is about to put into an inbox. PostgreSQL inlines it there: each row costs
-- one ticket, from a block that its session has drawn.
-- After ticket 4,096 it reads the guard, and calls renew_inbox_tickets if the inboxes are open. So each writer that leaves a
-- change out has read the guard first; record_skippers finds the writer by that.
-- The guard is NULL if it was never set. That counts as closed.
create or replace function vessel_activity.take_inbox_ticket()
returns boolean
language sql volatile
return pg_catalog.nextval('vessel_activity.inbox_tickets') operator(pg_catalog.<=) 4096
  or pg_catalog.pg_sequence_last_value('vessel_activity.inbox_guard') operator(pg_catalog.=) 1
    and vessel_activity.renew_inbox_tickets();

comment on function vessel_activity.take_inbox_ticket() is
  'Draws a ticket for one row. Returns whether the row may be put into an inbox. Closes the inboxes if one is over its limit.';
