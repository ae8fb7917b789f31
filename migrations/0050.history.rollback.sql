-- Removes the history of the figures.
set local lock_timeout = '10s';
drop table if exists vessel_activity.history;
