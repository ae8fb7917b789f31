-- No refresh to come needs positions older than this: 24 hours is the longest window, and an hour is added in case the clock
-- is set back.
create or replace function vessel_activity.inbox_since()
returns timestamptz
language sql stable parallel safe
return pg_catalog.now() operator(pg_catalog.-) '25 hours'::pg_catalog.interval;

comment on function vessel_activity.inbox_since() is
  'Triggers do not note changes of positions older than this instant.';
