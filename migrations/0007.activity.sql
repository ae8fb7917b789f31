-- depends: 0006.feeds
-- What is beyond the row: the last report of each vessel, and the document that is built from it.
-- The table last_report takes the place of last_seen. The functions of the version before still use last_seen, so a later
-- release drops it.

set local lock_timeout = '500ms';

-- To add a column waits for every open writer, so a migration that is repeated must not try.
do $$
begin
  if not exists (select from pg_catalog.pg_attribute where attrelid = 'vessel_activity.settings'::regclass and attname = 'detail_interval') then
    alter table vessel_activity.settings add column detail_interval interval not null default '30 seconds'
      check (detail_interval between interval '1 second' and interval '1 day');
  end if;
end
$$;
comment on column vessel_activity.settings.detail_interval is 'Time between two documents in vessel_activity.activity, 1 second to 1 day. Refreshes write them, so there are never more documents than refreshes.';

alter table vessel_activity.refresh_log add column if not exists details_ms numeric(12,3);
alter table vessel_activity.refresh_log add column if not exists details_error text;
comment on column vessel_activity.refresh_log.details_ms is 'How long the refresh worked on the document of vessel_activity.activity, in milliseconds; NULL if that was not due. Part of duration_ms.';
comment on column vessel_activity.refresh_log.details_error is 'Why the document could not be written: SQLSTATE and message; else NULL. The row of the figures does not depend on it.';
create index if not exists refresh_log_detailed on vessel_activity.refresh_log (id) where details_ms is not null;
comment on index vessel_activity.refresh_log_detailed is 'Finds the last refresh that worked on the document.';

create table if not exists vessel_activity.activity (
  only_row boolean primary key default true check (only_row),
  as_of timestamptz not null,
  body json not null
) with (fillfactor = 45);
comment on table vessel_activity.activity is 'The document of GET /api/database/vessel-activity in one row, or none before the first refresh. Refreshes replace it every settings.detail_interval.';
comment on column vessel_activity.activity.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.activity.as_of is 'The instant for which the document is true.';
comment on column vessel_activity.activity.body is 'The document, as the API gives it.';

-- Half-full pages and no index on what changes: updates stay in their page (HOT) and leave nothing for vacuum.
create unlogged table if not exists vessel_activity.last_report (vessel_id, seen_at, latitude, longitude, speed, arrived_at, number, area_set)
with (fillfactor = 45)
as select null::bigint, null::timestamptz, null::double precision, null::double precision, null::double precision, null::timestamptz,
  null::integer, null::integer
with no data;
-- CREATE TABLE AS can declare no primary key.
do $$
begin
  if not exists (select from pg_catalog.pg_constraint where conrelid = 'vessel_activity.last_report'::regclass::oid and contype = 'p') then
    alter table vessel_activity.last_report add primary key (vessel_id);
  end if;
end
$$;
comment on table vessel_activity.last_report is 'The last position of each vessel in the last 24 hours, as vessel_activity.last_reports_at() defines it. Older rows may remain until they are pruned.';
comment on column vessel_activity.last_report.vessel_id is 'vessel_positions."vesselId".';
comment on column vessel_activity.last_report.seen_at is 'Timestamp of the last position of the vessel.';
comment on column vessel_activity.last_report.latitude is 'Degrees north, -90 to 90; NULL if unknown.';
comment on column vessel_activity.last_report.longitude is 'Degrees east, -180 to 180; NULL if unknown.';
comment on column vessel_activity.last_report.speed is 'Speed over ground in knots, 0 to 102.2; NULL if unknown.';
comment on column vessel_activity.last_report.arrived_at is 'Set if the vessel was new in the hour before seen_at: its first position after at least 24 hours without one. Later than an hour before the present, it says that the vessel is new in the last hour; otherwise it means nothing.';
comment on column vessel_activity.last_report.number is 'The place of the vessel in area_past.sets, from 1; NULL if it has none yet. Kept while there are areas.';
comment on column vessel_activity.last_report.area_set is 'area_set.id of the areas in which the position lies, 0 for none. It means nothing while area_past is empty.';

do $$
begin
  if pg_catalog.to_regtype('vessel_activity.pair_count') is null then
    create type vessel_activity.pair_count as (
      type_name text, flag_name text, active_now integer, active_last_hour integer, active_last_24h integer,
      under_way integer, stopped integer, arrived integer, silent integer
    );
  end if;
end
$$;
comment on type vessel_activity.pair_count is 'Numbers of the vessels of one type and one flag state, from which parts of the document are put together.';
comment on column vessel_activity.pair_count.type_name is 'vessels."vesselType" as text; NULL for vessels without one.';
comment on column vessel_activity.pair_count.flag_name is 'vessels.flag as text; NULL for vessels without one.';
comment on column vessel_activity.pair_count.active_now is 'Vessels heard in the last 5 minutes.';
comment on column vessel_activity.pair_count.active_last_hour is 'Vessels heard in the last hour.';
comment on column vessel_activity.pair_count.active_last_24h is 'Vessels heard in the last 24 hours.';
comment on column vessel_activity.pair_count.under_way is 'Of active_last_hour: those whose last speed is at least 0.5 knots.';
comment on column vessel_activity.pair_count.stopped is 'Of active_last_hour: those whose last speed is less.';
comment on column vessel_activity.pair_count.arrived is 'Vessels that are new in the last hour.';
comment on column vessel_activity.pair_count.silent is 'Vessels last heard in the hour before the last hour.';

-- Counts that change by one when a vessel is heard again, so that no refresh has to read all vessels. Half-full pages, as above.
create unlogged table if not exists vessel_activity.last_report_count (
  seconds integer not null check (seconds in (1, 60, 3600)),
  starts_at timestamptz not null,
  vessels integer not null,
  primary key (seconds, starts_at)
) with (fillfactor = 45);
comment on table vessel_activity.last_report_count is 'The vessels of last_report by the second, the minute and the hour (UTC) of their last position. A span without a row has none.';
comment on column vessel_activity.last_report_count.seconds is 'Length of the span: 1, 60 or 3600.';
comment on column vessel_activity.last_report_count.starts_at is 'Start of the span. Spans that ended more than 24 hours ago are deleted.';
comment on column vessel_activity.last_report_count.vessels is 'Vessels whose last position is in the span.';

alter table vessel_activity.state add column if not exists swept_to bigint not null default 0;
comment on column vessel_activity.state.swept_to is 'The page of last_report from which the next refresh looks for vessels that have been silent for 26 hours.';

create table if not exists vessel_activity.type_hour (
  hour timestamptz not null,
  name text not null,
  sampled_at timestamptz not null,
  active_last_hour integer not null,
  place integer not null,
  primary key (hour, place)
);
comment on table vessel_activity.type_hour is 'Active vessels by type, one sample an hour: of the first document of the hour, the twenty types with the most vessels. settings.history_retention says how long it is kept.';
comment on column vessel_activity.type_hour.hour is 'The hour in which the sample was taken, by UTC.';
comment on column vessel_activity.type_hour.name is 'The type, as the document names it.';
comment on column vessel_activity.type_hour.sampled_at is 'The instant for which the number is true.';
comment on column vessel_activity.type_hour.active_last_hour is 'Distinct vessels of the type with a position in the hour up to sampled_at.';
comment on column vessel_activity.type_hour.place is 'Place of the type in the sample, from 1; 0 for all vessels, those of further types too.';

comment on table vessel_activity.last_seen is 'Not used any more: last_report has taken its place. Refreshes of the version before may still write it during an upgrade.';
