-- The first number of every advisory lock of vessel activity. The second number says which lock it is:
--   1  refresh  one refresh at a time: held until the transaction ends (try_refresh_lock), and while a migrate changes
--               tables and functions
--   3  migrate  one migrate or rollback at a time: held until the command ends
--   4  load     one load into the recording or replay at a time: held until load_end() or the end of the session (load_lock)
-- vessel_activity/install/session.py has the same number, since it takes locks before the functions are installed. A test
-- compares the two.
create or replace function vessel_activity.advisory_class()
returns integer
language sql immutable parallel safe
return 1448100678;

comment on function vessel_activity.advisory_class() is
  'The first number of every advisory lock of vessel activity. The second: 1 refresh, 3 migrate, 4 load or replay.';
