-- The simulated fleet of vessel-activity demo: 30,567 vessels and about 45,000 position reports an hour. They sail on sea lanes
-- between ports, and in waters of their own near coasts and on fishing grounds. All reports are computed from the number of
-- the vessel and the clock, so any moment can be computed again.
do $$
begin
  -- A fleet of an earlier version sailed in circles, also over land. Its vessels, positions and history go with it.
  if exists (
    select from pg_catalog.pg_attribute as a
    where a.attrelid = to_regclass('vessel_activity_demo.fleet') and a.attname = 'radius_degrees' and not a.attisdropped
  ) then
    perform vessel_activity_demo.remove();
  end if;
end
$$;

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
  route integer not null,
  starts_at_nm double precision not null,
  speed double precision not null,
  side double precision not null,
  north_degrees double precision not null,
  east_degrees double precision not null
);
-- Each step looks up the vessels of the positions that it deletes.
create unique index if not exists fleet_vessel_id on vessel_activity_demo.fleet (vessel_id);
comment on table vessel_activity_demo.fleet is 'How each simulated vessel moves and reports.';
comment on column vessel_activity_demo.fleet.number is 'Number of the vessel, from 1.';
comment on column vessel_activity_demo.fleet.vessel_id is 'The id of the vessel in public.vessels.';
comment on column vessel_activity_demo.fleet.report_every_seconds is 'Seconds between two reports. Some of the reports are lost.';
comment on column vessel_activity_demo.fleet.phase_seconds is 'Shifts the reports of the vessel against those of the others, in seconds.';
comment on column vessel_activity_demo.fleet.route is 'The route that the vessel sails, again and again.';
comment on column vessel_activity_demo.fleet.starts_at_nm is 'Where on the route it was on 1 January 2026, 00:00 UTC, in nautical miles at sea speed.';
comment on column vessel_activity_demo.fleet.speed is 'Its speed at sea, in knots.';
comment on column vessel_activity_demo.fleet.side is 'How far to starboard of the middle of the lane it keeps: a share of the width, 0.1 to 1.';
comment on column vessel_activity_demo.fleet.north_degrees is 'How far north of the others on its route it keeps, in degrees of latitude.';
comment on column vessel_activity_demo.fleet.east_degrees is 'How far east of the others on its route it keeps, in degrees of longitude.';

create table if not exists vessel_activity_demo.clock (
  only_row boolean primary key default true check (only_row),
  reported_until timestamptz not null
);
comment on table vessel_activity_demo.clock is 'How far the reports of the simulation have been written, in one row.';
comment on column vessel_activity_demo.clock.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity_demo.clock.reported_until is 'All reports up to this instant have been written.';

create table if not exists vessel_activity_demo.incident (
  starts_at timestamptz primary key,
  ends_at timestamptz not null check (ends_at > starts_at),
  region text not null,
  south double precision not null,
  north double precision not null,
  west double precision not null,
  east double precision not null
);
comment on table vessel_activity_demo.incident is 'When reports of which region are not received.';
comment on column vessel_activity_demo.incident.starts_at is 'Reports from this instant on are lost.';
comment on column vessel_activity_demo.incident.ends_at is 'Reports from this instant on are received again.';
comment on column vessel_activity_demo.incident.region is 'Name of the region.';
comment on column vessel_activity_demo.incident.south is 'Its southern edge, in degrees north.';
comment on column vessel_activity_demo.incident.north is 'Its northern edge, in degrees north.';
comment on column vessel_activity_demo.incident.west is 'Its western edge, in degrees east.';
comment on column vessel_activity_demo.incident.east is 'Its eastern edge, in degrees east.';
