-- The first number of every advisory lock of vessel activity. The second number says which lock it is:
--   1  refresh  one refresh at a time; to the end of the transaction (try_refresh_lock), or of a migrate or rollback
--   3  migrate  one migrate or rollback at a time; to the end of the command (vessel_activity/install/migrate.py)
--   4  load     one load or replay at a time; to the end of the session (load_lock, load_end)
-- The command holds the number too, since it locks before the functions are installed. A test compares the two.
create or replace function vessel_activity.advisory_class()
returns integer
language sql immutable parallel safe
return 1448100678;

comment on function vessel_activity.advisory_class() is
  'The first number of every advisory lock of vessel activity. The second: 1 refresh, 3 migrate, 4 load or replay.';
