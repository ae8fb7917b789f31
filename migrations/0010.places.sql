-- depends: 0009.past
-- What says where vessels are: the areas that people put, and the cells that find the areas of a position quickly
-- (docs/areas.md).

set local lock_timeout = '500ms';

-- To add a column waits for every open writer, so a migration that is repeated must not try.
do $$
begin
  if not exists (select from pg_catalog.pg_attribute where attrelid = 'vessel_activity.settings'::regclass and attname = 'dark_cell_share') then
    alter table vessel_activity.settings
      add column area_limit integer not null default 1000 constraint settings_area_limit_check check (area_limit between 0 and 10000),
      add column dark_cell_vessels integer not null default 10 check (dark_cell_vessels > 0),
      add column dark_cell_share numeric not null default 0.2 check (dark_cell_share > 0 and dark_cell_share < 1);
  end if;
end
$$;
comment on column vessel_activity.settings.dark_cell_vessels is 'How many vessels are usual in a cell of 1 degree that can go dark. In emptier cells none is heard by chance.';
comment on column vessel_activity.settings.dark_cell_share is 'A cell has gone dark if fewer vessels than this share of the usual number are active in it now: 0.2 for a fifth.';
comment on column vessel_activity.settings.area_limit is 'Most areas that public.vessel_activity_area_put() lets be. The cost of a refresh grows with them.';

do $$
begin
  if pg_catalog.to_regtype('vessel_activity.shape_point') is null then
    create type vessel_activity.shape_point as (polygon integer, ring integer, point integer, longitude numeric, latitude numeric);
  end if;
end
$$;
comment on type vessel_activity.shape_point is 'A point of a shape. Polygons, rings and points are numbered from 1, as they are in the GeoJSON. Ring 1 of a polygon is its outline, further rings are holes. The first point of a ring comes again as its last. Degrees; the longitudes of a ring go on beyond 180 if it crosses the antimeridian.';

comment on column vessel_activity.shape_point.polygon is 'Which polygon of the shape, from 1.';
comment on column vessel_activity.shape_point.ring is 'Which ring of the polygon, from 1, which is the outline.';
comment on column vessel_activity.shape_point.point is 'Which point of the ring, from 1.';
comment on column vessel_activity.shape_point.longitude is 'Degrees east; may be beyond 180.';
comment on column vessel_activity.shape_point.latitude is 'Degrees north.';

create sequence if not exists vessel_activity.area_ids as integer;
comment on sequence vessel_activity.area_ids is 'Numbers the areas.';

create table if not exists public.vessel_activity_area (
  name text primary key
    check (length(name) between 1 and 100 and name !~ '[[:cntrl:]]' and name = btrim(name)),
  id integer not null unique default nextval('vessel_activity.area_ids'),
  shape jsonb not null,
  put_at timestamptz not null default clock_timestamp()
);
do $$
begin
  -- A sequence that was dropped and made again goes on after the numbers that there are.
  alter table public.vessel_activity_area alter column id set default nextval('vessel_activity.area_ids');
  if pg_catalog.pg_sequence_last_value('vessel_activity.area_ids') is null then
    perform pg_catalog.setval('vessel_activity.area_ids', (select coalesce(max(t.id), 0) + 1 from public.vessel_activity_area as t), false);
  end if;
end
$$;
comment on table public.vessel_activity_area is 'The areas in which vessels are counted. public.vessel_activity_area_put() and public.vessel_activity_area_remove() write it, because other tables follow from the shapes.';
comment on column public.vessel_activity_area.name is 'What people call the area: 1 to 100 characters.';
comment on column public.vessel_activity_area.id is 'Number of the area in the tables that follow from it. An area that is put again keeps its number.';
comment on column public.vessel_activity_area.shape is 'A GeoJSON geometry, Polygon or MultiPolygon, in degrees (WGS 84).';
comment on column public.vessel_activity_area.put_at is 'When the shape was put.';

create sequence if not exists vessel_activity.area_part_ids as integer;
comment on sequence vessel_activity.area_part_ids is 'Numbers the parts of areas.';

create table if not exists vessel_activity.area_part (
  id integer primary key default nextval('vessel_activity.area_part_ids'),
  area integer not null references public.vessel_activity_area (id) on delete cascade,
  outline polygon not null,
  holes polygon[] not null default '{}',
  extent box not null
);
do $$
begin
  -- A sequence that was dropped and made again goes on after the numbers that there are.
  alter table vessel_activity.area_part alter column id set default nextval('vessel_activity.area_part_ids');
  if pg_catalog.pg_sequence_last_value('vessel_activity.area_part_ids') is null then
    perform pg_catalog.setval('vessel_activity.area_part_ids', (select coalesce(max(t.id), 0) + 1 from vessel_activity.area_part as t), false);
  end if;
end
$$;
-- Short outlines stay in their row, where a test of a point reaches them soonest.
alter table vessel_activity.area_part alter column outline set storage main;
create index if not exists area_part_area on vessel_activity.area_part (area);
comment on index vessel_activity.area_part_area is 'Finds the parts of an area.';
create index if not exists area_part_extent on vessel_activity.area_part using gist (extent);
comment on index vessel_activity.area_part_extent is 'Finds the parts that a position may lie in.';
comment on table vessel_activity.area_part is 'The polygons of the areas. A polygon that reaches longitude 180 or beyond is there twice, the second time 360 degrees further west.';
comment on column vessel_activity.area_part.id is 'Number of the part.';
comment on column vessel_activity.area_part.area is 'vessel_activity_area.id.';
comment on column vessel_activity.area_part.outline is 'The outline, as (longitude, latitude) in degrees. Positions on it lie inside.';
comment on column vessel_activity.area_part.extent is 'The smallest box around the outline.';
comment on column vessel_activity.area_part.holes is 'The holes. Positions on the edge of a hole lie outside.';

create table if not exists vessel_activity.area_cell (
  cell integer primary key,
  areas integer[] not null,
  parts integer[] not null
) with (fillfactor = 80);
comment on table vessel_activity.area_cell is 'The cells that areas cover. A cell of 4 degrees is there if an area covers all of it; where areas cover only parts, there are cells of a quarter of a degree instead.';
comment on column vessel_activity.area_cell.cell is 'Number of the cell: see vessel_activity.cell_of().';
comment on column vessel_activity.area_cell.areas is 'vessel_activity_area.id of the areas that cover the whole cell, ascending.';
comment on column vessel_activity.area_cell.parts is 'area_part.id of the parts that cover some of the cell, ascending. Each position in the cell is tested against them.';

create table if not exists vessel_activity.area_revision (
  only_row boolean primary key default true check (only_row),
  revision bigint not null default 0
);
insert into vessel_activity.area_revision default values on conflict do nothing;
comment on table vessel_activity.area_revision is 'Says that areas have changed: one row. Puts and removals lock it, so that they come one after the other.';
comment on column vessel_activity.area_revision.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.area_revision.revision is 'How often areas were put or removed.';

-- Half-full pages: most updates stay in their page.
create table if not exists vessel_activity.area_figures (
  area integer primary key references public.vessel_activity_area (id) on delete cascade,
  as_of timestamptz not null,
  since timestamptz not null,
  active_now integer not null,
  active_last_hour integer not null,
  active_last_24h integer not null,
  entered integer not null,
  departed integer not null,
  mean_speed numeric(5,2),
  types json not null
) with (fillfactor = 45);
comment on table vessel_activity.area_figures is 'The newest figures of each area, as vessel_activity.areas_at() defines them. A refresh that writes the document replaces them.';
comment on column vessel_activity.area_figures.area is 'vessel_activity_area.id.';
comment on column vessel_activity.area_figures.as_of is 'The instant for which the figures are true.';
comment on column vessel_activity.area_figures.since is 'The instant with which entered and departed compare: an hour before as_of, or up to five minutes earlier.';
comment on column vessel_activity.area_figures.active_now is 'Vessels whose last position lies in the area and is at most 5 minutes old.';
comment on column vessel_activity.area_figures.active_last_hour is 'Vessels whose last position lies in the area and is at most an hour old.';
comment on column vessel_activity.area_figures.active_last_24h is 'Vessels whose last position lies in the area and is at most 24 hours old.';
comment on column vessel_activity.area_figures.entered is 'Vessels heard after since whose last position lies in the area, and that were not in it by their last position at since.';
comment on column vessel_activity.area_figures.departed is 'Vessels heard after since whose last position lies outside the area, and whose last position at since lay in it.';
comment on column vessel_activity.area_figures.mean_speed is 'Mean speed in knots at the last positions in the area of the last hour, of those above 0 and below 50; NULL if there are none.';
comment on column vessel_activity.area_figures.types is 'The five commonest types of the vessels that are active now: an array of {name, activeNow}.';

create unlogged table if not exists vessel_activity.area_set (
  id integer primary key,
  areas integer[] not null
);
comment on table vessel_activity.area_set is 'Every set of areas in which a vessel was found. Vessels in the same areas have the same set, so that they can be counted together.';
comment on column vessel_activity.area_set.id is 'Number of the set, from 1. The set 0 has no areas and no row.';
comment on column vessel_activity.area_set.areas is 'vessel_activity_area.id of the areas, ascending.';

create unlogged table if not exists vessel_activity.area_grid (
  only_row boolean primary key default true check (only_row),
  blocks integer[] not null,
  sets integer[] not null
);
-- To compress them would take longer than all the rest.
alter table vessel_activity.area_grid alter column blocks set storage external;
alter table vessel_activity.area_grid alter column sets set storage external;
comment on table vessel_activity.area_grid is 'area_cell as two arrays, in which the set of a position is found fastest: one row. Empty while last_report.area_set can''t be used.';
comment on column vessel_activity.area_grid.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.area_grid.blocks is 'For each cell of 4 degrees, row by row from the south, 90 in a row: above 0 its block in sets, from 1; otherwise the negative of the set for all of it, 0 for none.';
comment on column vessel_activity.area_grid.sets is 'Blocks of 256 cells of a quarter of a degree, row by row from the south, 16 in a row: area_set.id of the areas that cover the cell, 0 for none, -1 if an edge of an area crosses it.';

create unlogged table if not exists vessel_activity.area_past (
  as_of timestamptz primary key,
  revision bigint not null,
  sets integer[] not null
);
-- To compress them would take longer than all the rest.
alter table vessel_activity.area_past alter column sets set storage external;
comment on table vessel_activity.area_past is 'In which areas each vessel was, every five minutes of the last hour, to find those that have entered or left since. Empty while last_report.area_set can''t be used.';
comment on column vessel_activity.area_past.as_of is 'The instant.';
comment on column vessel_activity.area_past.revision is 'area_revision.revision of the areas. If it is another one now, the row is of no use.';
comment on column vessel_activity.area_past.sets is 'area_set.id for each vessel, 0 for none, in the order of last_report.number. Vessels with higher numbers were in no area.';

create table if not exists vessel_activity.area_history (
  area integer not null references public.vessel_activity_area (id) on delete cascade,
  hour timestamptz not null,
  sampled_at timestamptz not null,
  active_now integer not null,
  active_last_hour integer not null,
  active_last_24h integer not null,
  entered integer not null,
  departed integer not null,
  mean_speed numeric(5,2),
  primary key (area, hour)
);
comment on table vessel_activity.area_history is 'One sample of the figures of each area an hour, kept for 90 days. An hour without a row was not sampled.';
comment on column vessel_activity.area_history.area is 'vessel_activity_area.id.';
comment on column vessel_activity.area_history.hour is 'The hour that the sample stands for.';
comment on column vessel_activity.area_history.sampled_at is 'The instant within the hour for which the figures are true.';
comment on column vessel_activity.area_history.active_now is 'As in area_figures.';
comment on column vessel_activity.area_history.active_last_hour is 'As in area_figures.';
comment on column vessel_activity.area_history.active_last_24h is 'As in area_figures.';
comment on column vessel_activity.area_history.entered is 'As in area_figures.';
comment on column vessel_activity.area_history.departed is 'As in area_figures.';
comment on column vessel_activity.area_history.mean_speed is 'As in area_figures.';
create index if not exists area_history_hour on vessel_activity.area_history (hour);
comment on index vessel_activity.area_history_hour is 'Finds the samples that are too old.';

create unlogged table if not exists vessel_activity.area_late (
  vessel_id text not null,
  changed_at timestamptz not null
);
comment on table vessel_activity.area_late is 'Vessels with changes from before the newest instant of area_past. The next refresh that writes the document looks them up again for that instant.';
comment on column vessel_activity.area_late.vessel_id is 'vessel_positions."vesselId" as text.';
comment on column vessel_activity.area_late.changed_at is 'Timestamp of the earliest position of the vessel that came or went.';

-- One row an hour, in arrays, so that eight weeks are a thousand rows and not a million.
create table if not exists vessel_activity.cell_history (
  hour timestamptz primary key,
  sampled_at timestamptz not null,
  cells integer[] not null,
  vessels integer[] not null
);
comment on table vessel_activity.cell_history is 'Active vessels by cells of 1 degree, one sample an hour: of the first document of the hour. It is kept for eight weeks, which tell what is usual.';
comment on column vessel_activity.cell_history.hour is 'The hour in which the sample was taken, by UTC.';
comment on column vessel_activity.cell_history.sampled_at is 'The instant for which the numbers are true.';
comment on column vessel_activity.cell_history.cells is 'The cells with active vessels: see vessel_activity.degree_cell().';
comment on column vessel_activity.cell_history.vessels is 'Vessels heard in the 5 minutes up to sampled_at, by their last positions, in the same order. A cell that is not named had none.';

create table if not exists vessel_activity.cell_usual (
  only_row boolean primary key default true check (only_row),
  hour timestamptz not null,
  sampled_ats timestamptz[] not null,
  cells integer[] not null,
  usual numeric[] not null
);
comment on table vessel_activity.cell_usual is 'What vessel_activity.usual_cells_at() says for the present hour, in one row, so that it is computed once an hour.';
comment on column vessel_activity.cell_usual.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.cell_usual.hour is 'The hour for which it is usual.';
comment on column vessel_activity.cell_usual.sampled_ats is 'The samples that it follows from. If there are others now, the row is of no use.';
comment on column vessel_activity.cell_usual.cells is 'The cells in which vessels are usual.';
comment on column vessel_activity.cell_usual.usual is 'How many are usual in each.';
