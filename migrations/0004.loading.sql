-- depends: 0002.figures
-- What loads of files need (docs/loading.md): the type of a report, the log of loads, two code tables for static data, and the
-- recording that a replay plays.

set local lock_timeout = '500ms';

-- A report as a file or a feed gives it. Functions pass the reports of a batch to each other as an array. So no table holds
-- them, and several loads and feeds can run at once.
do $$
begin
  if to_regtype('vessel_activity.report') is null then
    create type vessel_activity.report as (
      number integer,
      reason text,
      kind smallint,
      mmsi integer,
      reported_at timestamptz,
      latitude double precision,
      longitude double precision,
      speed numeric,
      course numeric,
      name text,
      type_code integer,
      raw text
    );
  end if;
end
$$;
comment on type vessel_activity.report is 'A line of a file or a message of a feed, with the values as sent, including those that mean not available.';
comment on column vessel_activity.report.number is 'Of a file: the number of the line; the header is line 1. Of a feed: the place of its source in the batch.';
comment on column vessel_activity.report.reason is 'Why the report can''t be read, or is not filed; NULL if there is no such reason.';
comment on column vessel_activity.report.kind is 'Type of the AIS message; NULL if the file does not say. Types 5 and 24 hold static data only.';
comment on column vessel_activity.report.mmsi is 'Maritime Mobile Service Identity of a station of any kind.';
comment on column vessel_activity.report.reported_at is 'When the position or the static data was valid.';
comment on column vessel_activity.report.latitude is 'Degrees north; 91 and NULL mean not available.';
comment on column vessel_activity.report.longitude is 'Degrees east; 181 and NULL mean not available.';
comment on column vessel_activity.report.speed is 'Speed over ground in knots; 102.3 and NULL mean not available. NaN: the text in the file is no number.';
comment on column vessel_activity.report.course is 'Course over ground in degrees; 360 and NULL mean not available. NaN: the text in the file is no number.';
comment on column vessel_activity.report.name is 'Name of the vessel; NULL if the report has none.';
comment on column vessel_activity.report.type_code is 'Code of the type of ship; NULL if the report has none, -1 if the text in the file is no code.';
comment on column vessel_activity.report.raw is 'The line or message as received, with the escapes of COPY.';

create table if not exists vessel_activity.load (
  id bigserial primary key,
  file text not null,
  to_recording boolean not null default false,
  process integer not null default pg_backend_pid(),
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  state text not null default 'running' check (state in ('running', 'finished', 'interrupted', 'failed')),
  message text,
  rows_read bigint not null default 0,
  rows_loaded bigint not null default 0,
  rows_duplicate bigint not null default 0,
  rows_rejected bigint not null default 0,
  rows_static bigint not null default 0,
  rows_ignored bigint not null default 0,
  vessels_new bigint not null default 0,
  vessels_updated bigint not null default 0,
  types_not_understood bigint not null default 0,
  times_not_understood bigint not null default 0,
  speeds_not_understood bigint not null default 0,
  courses_not_understood bigint not null default 0,
  names_not_understood bigint not null default 0,
  constraint load_adds_up check (rows_read = rows_loaded + rows_duplicate + rows_rejected + rows_static + rows_ignored)
);
comment on table vessel_activity.load is 'One row for each load. Each batch updates the counts in its own transaction, so they are always true.';
comment on sequence vessel_activity.load_id_seq is 'Numbers load.id.';
comment on column vessel_activity.load.id is 'Number of the load.';
comment on column vessel_activity.load.file is 'Name of the file.';
comment on column vessel_activity.load.to_recording is 'Whether the positions are kept for a replay instead of being added to vessel_positions.';
comment on column vessel_activity.load.process is 'Process of the database session that runs the load.';
comment on column vessel_activity.load.started_at is 'When the load began.';
comment on column vessel_activity.load.ended_at is 'When the load ended; NULL while it runs, or if it died.';
comment on column vessel_activity.load.state is 'running, finished, interrupted (it was stopped or died) or failed.';
comment on column vessel_activity.load.message is 'Why the load failed or was interrupted.';
comment on column vessel_activity.load.rows_read is 'Rows read from the file, without the header and blank lines.';
comment on column vessel_activity.load.rows_loaded is 'Positions added.';
comment on column vessel_activity.load.rows_duplicate is 'Rows whose MMSI and time were already in the file or in vessel_positions.';
comment on column vessel_activity.load.rows_rejected is 'Rows that were not loaded. load_rejection counts them by reason; rejected_row holds the rows.';
comment on column vessel_activity.load.rows_static is 'Reports that hold static data only: AIS messages of types 5 and 24.';
comment on column vessel_activity.load.rows_ignored is 'AIS messages of types that hold neither a position of a ship nor static data.';
comment on column vessel_activity.load.vessels_new is 'Vessels added.';
comment on column vessel_activity.load.vessels_updated is 'How often the name, type or flag state of a vessel changed.';
comment on column vessel_activity.load.types_not_understood is 'Reports whose type of ship is no code with a known meaning. They are loaded without a type. Code 0 means not available, and is not counted.';
comment on column vessel_activity.load.times_not_understood is 'Rows whose time is no ISO date and time. They are rejected.';
comment on column vessel_activity.load.speeds_not_understood is 'Reports whose speed is no number. They are loaded without a speed.';
comment on column vessel_activity.load.courses_not_understood is 'Reports whose course is no number. They are loaded without a course.';
comment on column vessel_activity.load.names_not_understood is 'Rows whose name has a character that is not UTF-8, or that the encoding of the database lacks. The character was replaced.';

create table if not exists vessel_activity.load_rejection (
  load_id bigint not null references vessel_activity.load (id) on delete cascade,
  reason text not null,
  rows_rejected bigint not null,
  primary key (load_id, reason)
);
comment on table vessel_activity.load_rejection is 'Rejected rows of a load, counted by reason. Counts all of them, also those that rejected_row does not keep.';
comment on column vessel_activity.load_rejection.load_id is 'load.id of the load.';
comment on column vessel_activity.load_rejection.reason is 'Why the rows were rejected.';
comment on column vessel_activity.load_rejection.rows_rejected is 'Number of rejected rows.';

create table if not exists vessel_activity.rejected_row (
  load_id bigint not null references vessel_activity.load (id) on delete cascade,
  line_number bigint not null,
  reason text not null,
  raw text not null,
  primary key (load_id, line_number)
);
comment on table vessel_activity.rejected_row is 'Rows that were not loaded: the first 10,000 for each load and reason, kept for settings.rejected_retention.';
comment on column vessel_activity.rejected_row.load_id is 'load.id of the load.';
comment on column vessel_activity.rejected_row.line_number is 'Line number in the file; the header is line 1.';
comment on column vessel_activity.rejected_row.reason is 'Why the row was rejected.';
comment on column vessel_activity.rejected_row.raw is 'The line as it is in the file.';

create table if not exists vessel_activity.static_data (
  mmsi integer primary key,
  name_at timestamptz not null default '-infinity',
  type_at timestamptz not null default '-infinity'
) with (fillfactor = 50);
comment on table vessel_activity.static_data is 'When the name and type of each vessel were reported. With this the newest static data wins, in whatever order files are loaded.';
comment on column vessel_activity.static_data.mmsi is 'MMSI of the vessel.';
comment on column vessel_activity.static_data.name_at is 'Time of the newest report with a name.';
comment on column vessel_activity.static_data.type_at is 'Time of the newest report with a known type.';

create table if not exists vessel_activity.country_digits (
  mid integer primary key check (mid between 200 and 799),
  flag text not null check (flag ~ '^[A-Z]{2}$')
);
comment on table vessel_activity.country_digits is 'Flag state by maritime identification digits, the first three digits of the MMSI of a ship. Source: ITU, Table of Maritime Identification Digits (Radio Regulations, Appendix 42).';
comment on column vessel_activity.country_digits.mid is 'Maritime identification digits.';
comment on column vessel_activity.country_digits.flag is 'ISO 3166 alpha-2 code of the flag state or territory.';
insert into vessel_activity.country_digits (flag, mid)
select t.flag, m.mid::integer
from (values
  ('AL', '201'), ('AD', '202'), ('AT', '203'), ('PT', '204 255 263'), ('BE', '205'), ('BY', '206'), ('BG', '207'),
  ('VA', '208'), ('CY', '209 210 212'), ('DE', '211 218'), ('GE', '213'), ('MD', '214'), ('MT', '215 229 248 249 256'),
  ('AM', '216'), ('DK', '219 220'), ('ES', '224 225'), ('FR', '226 227 228'), ('FI', '230'), ('FO', '231'),
  ('GB', '232 233 234 235'), ('GI', '236'), ('GR', '237 239 240 241'), ('HR', '238'), ('MA', '242'), ('HU', '243'),
  ('NL', '244 245 246'), ('IT', '247'), ('IE', '250'), ('IS', '251'), ('LI', '252'), ('LU', '253'), ('MC', '254'),
  ('NO', '257 258 259'), ('PL', '261'), ('ME', '262'), ('RO', '264'), ('SE', '265 266'), ('SK', '267'), ('SM', '268'),
  ('CH', '269'), ('CZ', '270'), ('TR', '271'), ('UA', '272'), ('RU', '273'), ('MK', '274'), ('LV', '275'), ('EE', '276'),
  ('LT', '277'), ('SI', '278'), ('RS', '279'),
  ('AI', '301'), ('US', '303 338 366 367 368 369'), ('AG', '304 305'), ('CW', '306'), ('AW', '307'),
  ('BS', '308 309 311'), ('BM', '310'), ('BZ', '312'), ('BB', '314'), ('CA', '316'), ('KY', '319'), ('CR', '321'),
  ('CU', '323'), ('DM', '325'), ('DO', '327'), ('GP', '329'), ('GD', '330'), ('GL', '331'), ('GT', '332'), ('HN', '334'),
  ('HT', '336'), ('JM', '339'), ('KN', '341'), ('LC', '343'), ('MX', '345'), ('MQ', '347'), ('MS', '348'), ('NI', '350'),
  ('PA', '351 352 353 354 355 356 357 370 371 372 373 374'), ('PR', '358'), ('SV', '359'), ('PM', '361'), ('TT', '362'),
  ('TC', '364'), ('VC', '375 376 377'), ('VG', '378'), ('VI', '379'),
  ('AF', '401'), ('SA', '403'), ('BD', '405'), ('BH', '408'), ('BT', '410'), ('CN', '412 413 414'), ('TW', '416'),
  ('LK', '417'), ('IN', '419'), ('IR', '422'), ('AZ', '423'), ('IQ', '425'), ('IL', '428'), ('JP', '431 432'),
  ('TM', '434'), ('KZ', '436'), ('UZ', '437'), ('JO', '438'), ('KR', '440 441'), ('PS', '443'), ('KP', '445'),
  ('KW', '447'), ('LB', '450'), ('KG', '451'), ('MO', '453'), ('MV', '455'), ('MN', '457'), ('NP', '459'), ('OM', '461'),
  ('PK', '463'), ('QA', '466'), ('SY', '468'), ('AE', '470 471'), ('TJ', '472'), ('YE', '473 475'), ('HK', '477'),
  ('BA', '478'),
  ('TF', '501 607 618 635'), ('AU', '503'), ('MM', '506'), ('BN', '508'), ('FM', '510'), ('PW', '511'), ('NZ', '512'),
  ('KH', '514 515'), ('CX', '516'), ('CK', '518'), ('FJ', '520'), ('CC', '523'), ('ID', '525'), ('KI', '529'),
  ('LA', '531'), ('MY', '533'), ('MP', '536'), ('MH', '538'), ('NC', '540'), ('NU', '542'), ('NR', '544'), ('PF', '546'),
  ('PH', '548'), ('TL', '550'), ('PG', '553'), ('PN', '555'), ('SB', '557'), ('AS', '559'), ('WS', '561'),
  ('SG', '563 564 565 566'), ('TH', '567'), ('TO', '570'), ('TV', '572'), ('VN', '574'), ('VU', '576 577'), ('WF', '578'),
  ('ZA', '601'), ('AO', '603'), ('DZ', '605'), ('SH', '608 665'), ('BI', '609'), ('BJ', '610'), ('BW', '611'),
  ('CF', '612'), ('CM', '613'), ('CG', '615'), ('KM', '616 620'), ('CV', '617'), ('CI', '619'), ('DJ', '621'),
  ('EG', '622'), ('ET', '624'), ('ER', '625'), ('GA', '626'), ('GH', '627'), ('GM', '629'), ('GW', '630'), ('GQ', '631'),
  ('GN', '632'), ('BF', '633'), ('KE', '634'), ('LR', '636 637'), ('SS', '638'), ('LY', '642'), ('LS', '644'),
  ('MU', '645'), ('MG', '647'), ('ML', '649'), ('MZ', '650'), ('MR', '654'), ('MW', '655'), ('NE', '656'), ('NG', '657'),
  ('NA', '659'), ('RE', '660'), ('RW', '661'), ('SD', '662'), ('SN', '663'), ('SC', '664'), ('SO', '666'), ('SL', '667'),
  ('ST', '668'), ('SZ', '669'), ('TD', '670'), ('TG', '671'), ('TN', '672'), ('TZ', '674 677'), ('UG', '675'),
  ('CD', '676'), ('ZM', '678'), ('ZW', '679'),
  ('AR', '701'), ('BR', '710'), ('BO', '720'), ('CL', '725'), ('CO', '730'), ('EC', '735'), ('FK', '740'), ('GF', '745'),
  ('GY', '750'), ('PY', '755'), ('PE', '760'), ('SR', '765'), ('UY', '770'), ('VE', '775')
) as t (flag, mids)
cross join lateral pg_catalog.unnest(pg_catalog.string_to_array(t.mids, ' ')) as m (mid)
on conflict (mid) do update set flag = excluded.flag;

create table if not exists vessel_activity.ship_type (
  code integer primary key,
  name text not null
);
comment on table vessel_activity.ship_type is 'Name of the type of ship by code. Sources: Recommendation ITU-R M.1371-5, Table 53 (20 to 99); NOAA MarineCadastre, AIS Vessel Type and Group Codes (1001 to 1025, in files before 2018). Codes without a known meaning (0 and reserved codes) are left out.';
comment on column vessel_activity.ship_type.code is 'Code as sent by the vessel.';
comment on column vessel_activity.ship_type.name is 'Name that is stored in vessels."vesselType".';
insert into vessel_activity.ship_type (code, name)
select c.code, t.name
from (values
  (20, 29, 'Wing in Ground'), (30, 30, 'Fishing'), (31, 32, 'Tug'), (33, 33, 'Dredger'), (34, 34, 'Diving'),
  (35, 35, 'Military'), (36, 36, 'Sailing'), (37, 37, 'Pleasure Craft'), (40, 49, 'High Speed Craft'), (50, 50, 'Pilot'),
  (51, 51, 'Search and Rescue'), (52, 52, 'Tug'), (53, 53, 'Port Tender'), (54, 54, 'Anti-Pollution'),
  (55, 55, 'Law Enforcement'), (56, 57, 'Other'), (58, 58, 'Medical Transport'), (59, 59, 'Other'),
  (60, 69, 'Passenger'), (70, 79, 'Cargo'), (80, 89, 'Tanker'), (90, 99, 'Other'),
  (1001, 1002, 'Fishing'), (1003, 1004, 'Cargo'), (1005, 1011, 'Other'), (1012, 1015, 'Passenger'), (1016, 1016, 'Cargo'),
  (1017, 1017, 'Tanker'), (1018, 1018, 'Other'), (1019, 1019, 'Pleasure Craft'), (1020, 1020, 'Other'),
  (1021, 1021, 'Military'), (1022, 1022, 'Other'), (1023, 1023, 'Tug'), (1024, 1024, 'Tanker'), (1025, 1025, 'Tug')
) as t (first_code, last_code, name)
cross join lateral pg_catalog.generate_series(t.first_code, t.last_code) as c (code)
on conflict (code) do update set name = excluded.name;

-- Unlogged: each replay fills it from the file when it starts.
create unlogged table if not exists vessel_activity.recording (
  reported_at timestamptz not null,
  mmsi integer not null,
  latitude double precision,
  longitude double precision,
  speed numeric,
  course numeric,
  primary key (reported_at, mmsi)
);
comment on table vessel_activity.recording is 'Positions that a replay plays, as recorded: one for each MMSI and time. Positions with a wrong date are left out.';
comment on column vessel_activity.recording.reported_at is 'Time at which the position was recorded.';
comment on column vessel_activity.recording.mmsi is 'MMSI of the vessel.';
comment on column vessel_activity.recording.latitude is 'Degrees north.';
comment on column vessel_activity.recording.longitude is 'Degrees east.';
comment on column vessel_activity.recording.speed is 'Speed over ground in knots; NULL if not available.';
comment on column vessel_activity.recording.course is 'Course over ground in degrees; NULL if not available.';

create table if not exists vessel_activity.replay (
  file text primary key,
  recorded_from timestamptz not null,
  period interval not null check (period > interval '0'),
  played_from timestamptz not null,
  anchor_at timestamptz not null,
  played_until timestamptz not null,
  not_added bigint not null default 0
);
comment on table vessel_activity.replay is 'How far each recording has been played. A replay that was stopped or killed continues the same timeline instead of starting a second one.';
comment on column vessel_activity.replay.file is 'Name of the recorded file.';
comment on column vessel_activity.replay.recorded_from is 'Time of the first position in the recording.';
comment on column vessel_activity.replay.period is 'Duration of one round of the loop.';
comment on column vessel_activity.replay.played_from is 'Start of the timeline.';
comment on column vessel_activity.replay.anchor_at is 'An instant at which a round begins. Other rounds begin whole periods before and after it.';
comment on column vessel_activity.replay.played_until is 'Positions up to this instant have been added.';
comment on column vessel_activity.replay.not_added is 'Positions that were due, but that public.vessel_positions did not store, or had already.';
