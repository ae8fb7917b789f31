set local lock_timeout = '10s';
drop table if exists vessel_activity.inbox cascade;
