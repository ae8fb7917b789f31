set local lock_timeout = '10s';
drop sequence if exists vessel_activity.reopenings;
create sequence if not exists vessel_activity.skipped;
alter table vessel_activity.state
  drop column if exists skippers,
  drop column if exists reopenings,
  add column if not exists skipped bigint;
