-- Positions older than this can't matter to any refresh to come: the longest window, and an hour of margin for a clock
-- that is set back. Called by the note_* triggers.
create or replace function vessel_activity.inbox_since()
returns timestamptz
language sql stable parallel safe
return pg_catalog.now() operator(pg_catalog.-) '25 hours'::pg_catalog.interval;

comment on function vessel_activity.inbox_since() is 'The instant before which changes of positions need not be noted.';
