-- The simulated fleet of vessel-activity demo: 30,567 vessels and about 45,000 position reports an hour. All reports are
-- computed from the number of the vessel and the clock, so any moment can be computed again.
create schema if not exists vessel_activity_demo;
comment on schema vessel_activity_demo is 'The simulated fleet of vessel-activity demo. Remove it with select vessel_activity_demo.remove().';
revoke all on schema vessel_activity_demo from public;
-- The server then marks the figures as simulated, and loads of real vessels are refused.
update vessel_activity.settings set simulation = 'vessel_activity_demo';

create table if not exists vessel_activity_demo.fleet (
  number integer primary key,
  vessel_id bigint not null,
  report_every_seconds integer not null,
  phase_seconds integer not null,
  latitude double precision not null,
  longitude double precision not null,
  radius_degrees double precision not null,
  speed double precision not null
);
-- Each step looks up the vessels of the positions that it deletes.
create unique index if not exists fleet_vessel_id on vessel_activity_demo.fleet (vessel_id);
comment on table vessel_activity_demo.fleet is 'How each simulated vessel moves and reports.';
comment on column vessel_activity_demo.fleet.number is 'Number of the vessel, from 1.';
comment on column vessel_activity_demo.fleet.vessel_id is 'The id of the vessel in public.vessels.';
comment on column vessel_activity_demo.fleet.report_every_seconds is 'Seconds between two reports. Some of the reports are lost.';
comment on column vessel_activity_demo.fleet.phase_seconds is 'Shifts the reports of the vessel against those of the others, in seconds.';
comment on column vessel_activity_demo.fleet.latitude is 'Latitude of the middle of the vessel''s circular track, in degrees north.';
comment on column vessel_activity_demo.fleet.longitude is 'Longitude of the middle of the vessel''s circular track, in degrees east.';
comment on column vessel_activity_demo.fleet.radius_degrees is 'Radius of its track, in degrees of latitude.';
comment on column vessel_activity_demo.fleet.speed is 'Speed over ground in knots.';

create table if not exists vessel_activity_demo.clock (
  only_row boolean primary key default true check (only_row),
  reported_until timestamptz not null
);
comment on table vessel_activity_demo.clock is 'How far the reports of the simulation have been written, in one row.';
comment on column vessel_activity_demo.clock.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity_demo.clock.reported_until is 'All reports up to this instant have been written.';
