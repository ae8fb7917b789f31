-- Finds tables and views that may hold vessels or positions, but are not the source tables: "Vessel" and "VesselPosition", or
-- tables in another schema. A relation is similar by its name, in any case, singular or plural, or by its columns.
-- Partitions and children are left out, since their parents are found. So are the members of extensions.
-- vessel_activity/install/source_tables.py runs the query between the dollar quotes before any function is installed. So the
-- query reads only the catalogs.
create or replace function vessel_activity.similar_tables()
returns table (source text, relation oid, table_name text, kind "char", option text, map text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select m.source, m.oid, m.table_name, m.relkind,
    format('--%s ''%s''', case m.source when 'vessels' then 'vessels' else 'positions' end, m.table_name),
    coalesce((
      select string_agg(format('%s=%s', k.name, case when f.attname ~ '^[[:alnum:]_]+$' then f.attname else '"' || replace(f.attname, '"', '""') || '"' end), ',' order by k.ordinal)
      from (values
        (1, 'vessels', 'id', '{id,vesselid,shipid,mmsi}'::text[]),
        (2, 'vessels', 'mmsi', '{mmsi,mmsinumber}'),
        (3, 'vessels', 'name', '{name,vesselname,shipname}'),
        (4, 'vessels', 'vesselType', '{vesseltype,shiptype,type,typename}'),
        (5, 'vessels', 'flag', '{flag,flagstate,flagcode,countrycode,country}'),
        (6, 'vessels', 'active', '{active,isactive}'),
        (7, 'vessel_positions', 'vesselId', '{vesselid,shipid,vesselmmsi,mmsi,vessel,ship}'),
        (8, 'vessel_positions', 'timestamp', '{timestamp,ts,time,datetime,basedatetime,reportedat,recordedat,receivedat,positiontime,at}'),
        (9, 'vessel_positions', 'latitude', '{latitude,lat}'),
        (10, 'vessel_positions', 'longitude', '{longitude,lon,lng,long}'),
        (11, 'vessel_positions', 'speed', '{speed,sog,speedoverground}'),
        (12, 'vessel_positions', 'course', '{course,cog,courseoverground}')
      ) as k (ordinal, source, name, words)
      cross join lateral (
        select b.attname::text
        from pg_attribute as b
        where b.attrelid = m.oid and b.attnum > 0 and not b.attisdropped
          and array_position(k.words, regexp_replace(lower(b.attname), '[^a-z0-9]', '', 'g')) is not null
        order by array_position(k.words, regexp_replace(lower(b.attname), '[^a-z0-9]', '', 'g')), b.attnum
        limit 1
      ) as f
      where k.source = m.source and f.attname <> k.name
    ), '')
  from (
    select w.oid, w.table_name, w.relkind,
      case
        when w.words ~ '(^|_)((vessels?|ships?|boats?|ais)_?(positions?|locations?|tracks?|points?|pings?|movements?|reports?|messages?)|positions?_?reports?)(_?(reports?|messages?|history|log|data))?$'
          or w.has_latitude and w.has_time and w.has_vessel then 'vessel_positions'
        when w.words ~ '(^|_)(vessels?|ships?)(_?(static|master|info|details?|data|list|registry))?$'
          or w.has_number and not w.has_latitude then 'vessels'
      end as source
    from (
      select c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) as table_name,
        lower(regexp_replace(c.relname, '([a-z0-9])([A-Z])', '\1_\2', 'g')) as words,
        a.has_latitude, a.has_time, a.has_vessel, a.has_number
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
      cross join lateral (
        select
          bool_or(k.plain in ('lat', 'latitude') or k.atttypid = 'point'::regtype or t.typname in ('geometry', 'geography')) as has_latitude,
          bool_or(k.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype)
            or k.plain in ('timestamp', 'time', 'ts', 'datetime', 'basedatetime')) as has_time,
          bool_or(k.plain ~ 'mmsi|vessel|ship|imo') as has_vessel,
          bool_or(k.plain in ('mmsi', 'mmsinumber', 'imo', 'imonumber')) as has_number
        from (
          select regexp_replace(lower(b.attname), '[^a-z0-9]', '', 'g') as plain, b.atttypid
          from pg_attribute as b
          where b.attrelid = c.oid and b.attnum > 0 and not b.attisdropped
        ) as k
        join pg_type as t on t.oid = k.atttypid
      ) as a
      where c.relkind in ('r', 'p', 'v', 'm', 'f')
        and n.nspname !~ '^(pg_|information_schema$|vessel_activity($|_migrations$|_demo$))'
        and not (n.nspname = 'public' and c.relname in ('vessels', 'vessel_positions'))
        and not exists (select from pg_inherits as i where i.inhrelid = c.oid)
        and not exists (
          select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
        )
    ) as w
  ) as m
  where m.source is not null
$$;

comment on function vessel_activity.similar_tables() is
  'Tables and views that may hold vessels or positions under another name than the source tables. source: vessels or vessel_positions, which the relation resembles. table_name: qualified. kind: as pg_class.relkind. option, map: what vessel-activity migrate needs to adopt the relation as the source table. option: its name. map: its columns, as far as they are recognized and have other names than the usual ones, for --map.';
