-- A simulated fleet for `make demo`: 30,567 vessels and about 45,000 position reports an hour, all computed from the vessel's
-- number and the clock, so that any moment of it can be computed again. In a schema of its own, which is also the mark
-- by which the server says that what it shows is simulated. Installed by demo.py only.
create schema if not exists vessel_activity_demo;
comment on schema vessel_activity_demo is 'The simulated fleet of vessel-activity demo. Remove it with select vessel_activity_demo.remove().';
revoke all on schema vessel_activity_demo from public;
-- From here on the server says that the figures are of simulated vessels, and no real ones are loaded.
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
-- Each second's step looks up whose the positions are that it drops.
create unique index if not exists fleet_vessel_id on vessel_activity_demo.fleet (vessel_id);
comment on table vessel_activity_demo.fleet is 'How each simulated vessel moves and reports.';
comment on column vessel_activity_demo.fleet.number is 'Number of the vessel, from 1.';
comment on column vessel_activity_demo.fleet.vessel_id is 'vessels.id.';
comment on column vessel_activity_demo.fleet.report_every_seconds is 'Time between two reports, of which some are lost.';
comment on column vessel_activity_demo.fleet.phase_seconds is 'Shifts its reports against those of the others.';
comment on column vessel_activity_demo.fleet.latitude is 'Degrees north of the middle of its track.';
comment on column vessel_activity_demo.fleet.longitude is 'Degrees east of the middle of its track.';
comment on column vessel_activity_demo.fleet.radius_degrees is 'Radius of its track, in degrees of latitude.';
comment on column vessel_activity_demo.fleet.speed is 'Speed over ground in knots.';

create table if not exists vessel_activity_demo.clock (
  only_row boolean primary key default true check (only_row),
  reported_until timestamptz not null
);
comment on table vessel_activity_demo.clock is 'How far the simulation has been written: one row.';
comment on column vessel_activity_demo.clock.only_row is 'Keeps it one row.';
comment on column vessel_activity_demo.clock.reported_until is 'Reports up to this instant have been written.';
