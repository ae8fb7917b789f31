-- The source tables public.vessels and public.vessel_positions, from which the figures are computed. They belong to the user.
-- A table that exists is used as it is; a table that is missing is created. If anything prevents an installation, this
-- migration raises an error before the first change. A rollback never touches the source tables.
-- If the migrate was given other names (vessel_activity_migrations.source_name), it has checked those tables, and makes none.

set local lock_timeout = '500ms';

do $$
declare
  v_path constant text := pg_catalog.current_setting('search_path');
  v_problem text;
  v_is_indexed boolean;
  v_has_other_names boolean := false;
  v_id text;
  v_vessel_id text;
begin
  -- No function or operator of another role in schema public may take part. The DDL below runs with the search_path of the
  -- session again, so that event triggers of the user find their tables.
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

  if to_regclass('vessel_activity_migrations.source_name') is not null then
    execute 'select exists (select from vessel_activity_migrations.source_name)' into v_has_other_names;
  end if;

  -- Only the owner of a table or partition can make triggers and indexes on it. Without the triggers, refreshes compute by the
  -- definition. That takes too long if the indexes are missing too, so then the owner is required.
  select count(*) = 2
  into v_is_indexed
  from (values ('{timestamp}'::name[]), ('{vesselId,timestamp}')) as w (lead_columns)
  where exists (
    select from pg_catalog.pg_index as i
    where i.indrelid = to_regclass('public.vessel_positions') and i.indisvalid and i.indpred is null
      and w.lead_columns = (
        select array_agg(a.attname order by k.ordinal)
        from unnest(i.indkey) with ordinality as k (attnum, ordinal)
        join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where k.ordinal <= cardinality(w.lead_columns)
      )
  );
  with recursive source (relation) as (
    select to_regclass(s.name)::oid
    from (values ('public.vessels', true), ('public.vessel_positions', true), ('public.vessel_activity_realtime', false))
      as s (name, is_source)
    where not (s.is_source and (v_is_indexed or v_has_other_names))
    union
    select i.inhrelid
    from source as s
    join pg_catalog.pg_inherits as i on i.inhparent = s.relation
  )
  select string_agg(format('must be owner of %I.%I, which belongs to %s', n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner)), '; ' order by c.oid)
  into v_problem
  from source as s
  join pg_catalog.pg_class as c on c.oid = s.relation
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not pg_catalog.pg_has_role(c.relowner, 'usage');
  if v_problem is null and not pg_catalog.has_schema_privilege('public', 'create') then
    v_problem := 'permission denied to create in schema public';
  end if;
  if v_problem is not null then
    raise exception using
      errcode = 'insufficient_privilege',
      message = v_problem,
      hint = format('Run vessel-activity migrate as the owner of the tables instead of %I. The owner needs the right to create in the database and in schema public. Nothing was changed.', current_user);
  end if;

  -- The user may have a table of this name already. If it has the same columns, 0002.figures takes it over.
  select string_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
  into v_problem
  from pg_catalog.pg_attribute as a
  where a.attrelid = to_regclass('public.vessel_activity_realtime') and a.attnum > 0 and not a.attisdropped;
  if v_problem <> 'id text, active_now integer, active_last_hour integer, active_last_24h integer, total_vessels integer, '
    'positions_last_hour integer, vessel_types json, top_flags json, speed_avg numeric(5,2), updated_at timestamp with time zone'
  then
    raise exception using
      errcode = 'duplicate_table',
      message = 'public.vessel_activity_realtime exists already, with other columns: ' || v_problem,
      hint = 'Drop the table, which caches one row, or rename it (alter table public.vessel_activity_realtime rename to vessel_activity_realtime_old). Then run vessel-activity migrate again. Nothing was changed.';
  end if;

  if v_has_other_names then
    perform pg_catalog.set_config('search_path', v_path, true);
    return;
  end if;

  select string_agg(format('%s has no column %I', c.relation, c.attribute), '; ' order by c.ordinal)
  into v_problem
  from (values
    (1, 'public.vessels', 'id'), (2, 'public.vessels', 'mmsi'), (3, 'public.vessels', 'name'),
    (4, 'public.vessels', 'vesselType'), (5, 'public.vessels', 'flag'), (6, 'public.vessels', 'active'),
    (7, 'public.vessel_positions', 'id'), (8, 'public.vessel_positions', 'vesselId'),
    (9, 'public.vessel_positions', 'timestamp'), (10, 'public.vessel_positions', 'latitude'),
    (11, 'public.vessel_positions', 'longitude'), (12, 'public.vessel_positions', 'speed'),
    (13, 'public.vessel_positions', 'course')
  ) as c (ordinal, relation, attribute)
  where to_regclass(c.relation) is not null
    and not exists (
      select from pg_catalog.pg_attribute as a
      where a.attrelid = to_regclass(c.relation) and a.attname = c.attribute and not a.attisdropped
    );
  if v_problem is not null then
    raise exception using
      errcode = 'undefined_column',
      message = v_problem,
      hint = 'Add the column (names are case-sensitive: "vesselId" needs quotes), or replace the table by a view that has all columns. Then run vessel-activity migrate again. Nothing was changed.';
  end if;

  -- PostgreSQL 18 has virtual generated columns.
  select string_agg(format('public.vessel_positions.%I is a virtual generated column, which PostgreSQL can''t index', a.attname), '; ' order by a.attnum)
  into v_problem
  from pg_catalog.pg_attribute as a
  where a.attrelid = to_regclass('public.vessel_positions') and a.attname in ('vesselId', 'timestamp')
    and not a.attisdropped and a.attgenerated = 'v';
  if v_problem is not null then
    raise exception using
      errcode = 'feature_not_supported',
      message = v_problem,
      hint = 'Make the column a stored generated column (generated always as (...) stored) or an ordinary one. Then run vessel-activity migrate again. Nothing was changed.';
  end if;

  select string_agg(
    format('%s.%I is %s, expected %s', c.relation, c.attribute, pg_catalog.format_type(a.atttypid, a.atttypmod), c.expected),
    '; ' order by c.relation desc, a.attnum)
  into v_problem
  from (values
    ('public.vessels', 'id', '{text,varchar,bpchar,uuid,int2,int4,int8}'::text[], 'text, uuid, integer or bigint'),
    ('public.vessels', 'active', '{bool}', 'boolean'),
    ('public.vessel_positions', 'vesselId', '{text,varchar,bpchar,uuid,int2,int4,int8}', 'text, uuid, integer or bigint'),
    ('public.vessel_positions', 'timestamp', '{timestamptz,timestamp}', 'timestamp with or without time zone'),
    ('public.vessel_positions', 'speed', '{numeric,float4,float8,int2,int4,int8}', 'a numeric or float type, in knots')
  ) as c (relation, attribute, types, expected)
  join pg_catalog.pg_attribute as a
    on a.attrelid = to_regclass(c.relation) and a.attname = c.attribute and not a.attisdropped
  join pg_catalog.pg_type as t on t.oid = a.atttypid
  where t.typname <> all (c.types);
  if v_problem is not null then
    raise exception using
      errcode = 'datatype_mismatch',
      message = v_problem,
      hint = 'Change the type of the column, or replace the table by a view that casts the column. Then run vessel-activity migrate again. Nothing was changed.';
  end if;

  -- If one table exists, the other gets the same type of id. If both exist, their ids must be comparable.
  select pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.format_type(p.atttypid, p.atttypmod)
  into v_id, v_vessel_id
  from (select) as one
  left join pg_catalog.pg_attribute as a on a.attrelid = to_regclass('public.vessels') and a.attname = 'id'
  left join pg_catalog.pg_attribute as p on p.attrelid = to_regclass('public.vessel_positions') and p.attname = 'vesselId';
  begin
    execute format('select null::%s = null::%s', coalesce(v_id, v_vessel_id, 'bigint'), coalesce(v_vessel_id, v_id, 'bigint'));
  exception when undefined_function then
    raise exception using
      errcode = 'datatype_mismatch',
      message = format('public.vessels.id is %s and public.vessel_positions."vesselId" is %s; these types can''t be compared', v_id, v_vessel_id),
      hint = 'Change the type of one of the columns, or replace its table by a view that casts the column. Then run vessel-activity migrate again. Nothing was changed.';
  end;

  perform pg_catalog.set_config('search_path', v_path, true);
  -- bigserial rather than identity: identity columns can't be resharded on Citus.
  if pg_catalog.to_regclass('public.vessels') is null then
    execute pg_catalog.format('create table public.vessels (
      id %s primary key,
      mmsi text not null unique,
      name text,
      "vesselType" text,
      flag text,
      active boolean not null default true
    )', case
      when v_vessel_id is null or v_vessel_id = 'bigint' then 'bigserial'
      when v_vessel_id = 'integer' then 'serial'
      when v_vessel_id = 'smallint' then 'smallserial'
      when v_vessel_id = 'uuid' then 'uuid default gen_random_uuid()'
      else v_vessel_id || ' default gen_random_uuid()::text'
    end);
    comment on table public.vessels is 'Vessels, one row for each MMSI.';
    comment on column public.vessels.mmsi is 'Maritime Mobile Service Identity, nine digits.';
    comment on column public.vessels."vesselType" is 'Name of the type of ship, such as Cargo or Tanker; NULL if unknown.';
    comment on column public.vessels.flag is 'Flag state, ISO 3166 alpha-2; NULL if unknown.';
    comment on column public.vessels.active is 'Whether the vessel is counted in the fleet.';
  end if;

  -- No foreign key: a vessel can send positions long before its static data, or without any. Its positions must be accepted.
  if pg_catalog.to_regclass('public.vessel_positions') is null then
    execute pg_catalog.format('create table public.vessel_positions (
      id bigserial primary key,
      "vesselId" %s not null,
      timestamp timestamptz not null,
      latitude double precision,
      longitude double precision,
      speed numeric, -- AIS sends tenths of a knot: exact in numeric, and means need no conversion
      course real
    )', coalesce(v_id, 'bigint'));
    comment on table public.vessel_positions is 'AIS position reports, one row for each report.';
    comment on column public.vessel_positions."vesselId" is 'vessels.id of the reporting vessel. There is no foreign key.';
    comment on column public.vessel_positions.timestamp is 'When the position was valid.';
    comment on column public.vessel_positions.latitude is 'Degrees north, -90 to 90.';
    comment on column public.vessel_positions.longitude is 'Degrees east, -180 to 180.';
    comment on column public.vessel_positions.speed is 'Speed over ground in knots; NULL if not available.';
    comment on column public.vessel_positions.course is 'Course over ground in degrees; NULL if not available.';
  end if;
end
$$;
