-- Finds out under which names the source tables and their columns are to be read, before anything is changed. The setting
-- vessel_activity.names has what the migrate was given: a JSON object with vessels, positions and map. What it was not given
-- stays as an earlier migrate has kept it. The columns of a table that is named anew begin with their usual names.
-- Leaves in settings of the session:
--   vessel_activity.found_names   the rows for vessel_activity_migrations.source_name; [] if all names are the usual ones
--   vessel_activity.other_names   on if some are not
--   vessel_activity.names_change  on if the functions that are installed follow other names
--   vessel_activity.vessels_name, vessel_activity.positions_name   the tables
-- If all names are the usual ones it checks nothing: 0001.sources does.
-- Raises syntax_error (42601), undefined_table (42P01), wrong_object_type (42809), undefined_column (42703),
-- duplicate_column (42701), datatype_mismatch (42804), feature_not_supported (0A000) or insufficient_privilege (42501).
do $$
declare
  v_path constant text := pg_catalog.current_setting('search_path');
  v_given constant jsonb := coalesce(nullif(pg_catalog.current_setting('vessel_activity.names', true), ''), '{}')::jsonb;
  v_unchanged constant text := 'Then run vessel-activity migrate again. Nothing was changed.';
  v_known constant jsonb := '[
    ["vessels", "id", "text,varchar,bpchar,uuid,int2,int4,int8", "text, uuid, integer or bigint"],
    ["vessels", "mmsi", "", ""], ["vessels", "name", "", ""], ["vessels", "vesselType", "", ""], ["vessels", "flag", "", ""],
    ["vessels", "active", "bool", "boolean"],
    ["vessel_positions", "id", "", ""],
    ["vessel_positions", "vesselId", "text,varchar,bpchar,uuid,int2,int4,int8", "text, uuid, integer or bigint"],
    ["vessel_positions", "timestamp", "timestamptz,timestamp", "timestamp with or without time zone"],
    ["vessel_positions", "latitude", "", ""], ["vessel_positions", "longitude", "", ""],
    ["vessel_positions", "speed", "numeric,float4,float8,int2,int4,int8", "a numeric or float type"],
    ["vessel_positions", "course", "", ""]
  ]';
  v_kept jsonb := '[]';
  v_rows jsonb := '[]';
  v_tables jsonb := '{}'; -- by source
  v_source text;
  v_option text;
  v_name text;
  v_parts text[];
  v_entry text;
  v_match text[];
  v_map jsonb := '{}';
  v_column record;
  v_problem text;
  v_hint text;
  v_is_indexed boolean;
  v_followed text;
begin
  -- No function or operator of another role in schema public may take part.
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.set_config('standard_conforming_strings', 'on', true);
  perform set_config('vessel_activity.found_names', '[]', false), set_config('vessel_activity.other_names', 'off', false),
    set_config('vessel_activity.names_change', 'off', false), set_config('vessel_activity.vessels_name', 'public.vessels', false),
    set_config('vessel_activity.positions_name', 'public.vessel_positions', false);
  if to_regclass('vessel_activity_migrations.source_name') is not null then
    execute 'select coalesce(jsonb_agg(n), ''[]'') from vessel_activity_migrations.source_name as n' into v_kept;
  end if;
  if v_given = '{}' and v_kept = '[]' then
    perform set_config('search_path', v_path, true);
    return;
  end if;

  for v_entry in select m[1] from regexp_matches(coalesce(v_given ->> 'map', ''), '((?:[^",]|"(?:[^"]|"")*")+)', 'g') as m loop
    v_match := regexp_match(v_entry, '^\s*"?(\w+)"?\s*=\s*(?:"((?:[^"]|"")+)"|([^\s"*/=,]+))\s*(?:([*/])\s*(\d+(?:[.]\d+)?))?\s*$');
    if v_match is null or (length(v_given ->> 'map') - length(replace(v_given ->> 'map', '"', ''))) % 2 = 1 then
      v_problem := format('the map of columns has a part that can''t be read: %s', btrim(v_entry));
    elsif not exists (select from jsonb_array_elements(v_known) as k where k ->> 1 = v_match[1]) then
      v_problem := format('the map of columns has a name that vessel activity does not know: %s', v_match[1]);
    elsif v_map ? v_match[1] then
      v_problem := format('the map of columns has the name %s twice', v_match[1]);
    elsif v_match[4] is not null and v_match[1] not in ('latitude', 'longitude', 'speed', 'course') then
      v_problem := format('the map of columns has a calculation for %s, which is possible only for latitude, longitude, speed and course', v_match[1]);
    elsif v_match[5]::numeric = 0 then
      v_problem := format('the map of columns multiplies or divides %s by zero', v_match[1]);
    end if;
    if v_problem is not null then
      raise exception using
        errcode = 'syntax_error',
        message = v_problem,
        hint = 'Write name=column, and a comma between two of these. The names are id, mmsi, name, vesselType, flag and active of vessels, and vesselId, timestamp, latitude, longitude, speed and course of positions. A column with special characters needs double quotes. A number may be converted, as in speed=sog/10. Nothing was changed.';
    end if;
    v_map := v_map || jsonb_build_object(v_match[1], jsonb_build_object(
      'actual', coalesce(replace(v_match[2], '""', '"'), v_match[3]),
      'factor', case v_match[4] when '*' then trim_scale(v_match[5]::numeric)
        when '/' then trim_scale(1.00000000000000000000000000000000 / v_match[5]::numeric) end,
      'written', format('%s=%s%s', v_match[1],
        coalesce('"' || v_match[2] || '"', v_match[3]), v_match[4] || v_match[5])));
  end loop;

  foreach v_source in array array['vessels', 'vessel_positions'] loop
    v_option := case v_source when 'vessels' then 'vessels' else 'positions' end;
    v_name := (select k ->> 'actual' from jsonb_array_elements(v_kept) as k where k ->> 'source' = v_source and k ->> 'name' = '');
    if nullif(v_given ->> v_option, '') is not null or v_name is null then
      begin
        v_parts := parse_ident(coalesce(nullif(v_given ->> v_option, ''), 'public.' || v_source));
      exception when invalid_parameter_value then
        v_parts := null;
      end;
      if v_parts is null or cardinality(v_parts) > 2 then
        raise exception using
          errcode = 'syntax_error',
          message = format('this is no name of a table: %s', v_given ->> v_option),
          hint = 'Write schema.table. A name with capital letters or special characters needs double quotes, as in --vessels ''ais."Vessel"''. Nothing was changed.';
      end if;
      if cardinality(v_parts) = 1 then
        v_parts := array['public'] || v_parts;
      end if;
      if format('%I.%I', v_parts[1], v_parts[2]) is distinct from v_name then
        v_kept := (select coalesce(jsonb_agg(k), '[]') from jsonb_array_elements(v_kept) as k where k ->> 'source' <> v_source);
      end if;
      v_name := format('%I.%I', v_parts[1], v_parts[2]);
    end if;
    perform set_config(format('vessel_activity.%s_name', v_option), v_name, false);
    v_tables := v_tables || jsonb_build_object(v_source, v_name);
    v_rows := v_rows || jsonb_build_object('source', v_source, 'name', '', 'ordinal', 0, 'actual', v_name);

    for v_column in
      select k.value ->> 1 as name, k.ordinal,
        coalesce(v_map -> (k.value ->> 1), (
          select n from jsonb_array_elements(v_kept) as n
          where n ->> 'source' = v_source and n ->> 'name' = k.value ->> 1 and n ->> 'written' is not null)) as given
      from jsonb_array_elements(v_known) with ordinality as k (value, ordinal)
      where k.value ->> 0 = v_source
    loop
      -- The map says id for vessels; that of positions is of interest only if it has this name.
      if v_source = 'vessel_positions' and v_column.name = 'id' or v_column.given ->> 'written' = format('%1$s=%1$s', v_column.name) then
        v_column.given := null;
      end if;
      v_rows := v_rows || (jsonb_build_object('source', v_source, 'name', v_column.name, 'ordinal', v_column.ordinal,
        'actual', coalesce(v_column.given ->> 'actual', case
          when v_column.name = 'active' or v_column.name = 'id' and v_source = 'vessel_positions' then (
            select a.attname::text from pg_attribute as a
            where a.attrelid = to_regclass(v_name) and a.attname = v_column.name and a.attnum > 0 and not a.attisdropped)
          else v_column.name
        end))
        || jsonb_build_object('factor', v_column.given -> 'factor', 'written', v_column.given -> 'written'));
    end loop;
  end loop;

  select concat_ws(' ', v_tables ->> 'vessels', v_tables ->> 'vessel_positions',
    string_agg(r ->> 'written', ',' order by r ->> 'source' desc, (r ->> 'ordinal')::integer),
    max(r ->> 'actual') filter (where r ->> 'name' = 'active'))
  into v_name
  from jsonb_array_elements(v_rows) as r;
  v_followed := 'public.vessels public.vessel_positions active';
  if to_regprocedure('vessel_activity.actual_map()') is not null then
    execute 'select pg_catalog.concat_ws('' '', vessel_activity.actual_table(''vessels''), vessel_activity.actual_table(''vessel_positions''), '
      'nullif(vessel_activity.actual_map(), ''''), vessel_activity.actual_column(''vessels'', ''active''))'
    into v_followed;
  end if;
  perform set_config('vessel_activity.names_change', case when v_name <> v_followed then 'on' else 'off' end, false);
  if v_name in ('public.vessels public.vessel_positions active', 'public.vessels public.vessel_positions')
    and (v_name like '% active' or to_regclass('public.vessels') is null)
  then
    perform set_config('search_path', v_path, true);
    return; -- the usual names
  end if;
  perform set_config('vessel_activity.other_names', 'on', false), set_config('vessel_activity.found_names', v_rows::text, false);

  -- From here on, the tables must be fit to be read.
  select string_agg(format('%s does not exist', t.name), '; ' order by t.source desc)
  into v_problem
  from jsonb_each_text(v_tables) as t (source, name)
  where to_regclass(t.name) is null;
  if v_problem is not null then
    raise exception using
      errcode = 'undefined_table',
      message = v_problem,
      hint = 'Name the tables that hold the data to count, with their schemas: vessel-activity migrate --vessels ... --positions .... A name with capital letters or special characters needs double quotes, as in --vessels ''ais."Vessel"''. Nothing was changed.';
  end if;

  select min(format('%s is no table', t.name)) into v_problem
  from jsonb_each_text(v_tables) as t (source, name)
  join pg_class as c on c.oid = to_regclass(t.name)
  where c.relkind not in ('r', 'p', 'v', 'm', 'f') or c.relpersistence = 't'
    or c.relnamespace::regnamespace::text ~ '^(pg_|information_schema|vessel_activity)';
  if v_problem is null and v_tables ->> 'vessels' = v_tables ->> 'vessel_positions' then
    v_problem := format('%s can''t hold both the vessels and the positions', v_tables ->> 'vessels');
  end if;
  if v_problem is not null then
    raise exception using
      errcode = 'wrong_object_type',
      message = v_problem,
      hint = 'Name two tables or views of your own. Nothing was changed.';
  end if;

  select
    string_agg(format('%s has no column %I', v_tables ->> n.source, n.actual), '; ' order by n.ordinal),
    format('Name the column that holds it: vessel-activity migrate --map ''%s=...''. The columns of %s are %s. Nothing was changed.',
      (array_agg(n.name order by n.ordinal))[1], v_tables ->> (array_agg(n.source order by n.ordinal))[1], (
        select string_agg(quote_ident(b.attname), ', ' order by b.attnum) from pg_attribute as b
        where b.attrelid = to_regclass(v_tables ->> (array_agg(n.source order by n.ordinal))[1]) and b.attnum > 0 and not b.attisdropped))
  into v_problem, v_hint
  from jsonb_to_recordset(v_rows) as n (source text, name text, ordinal integer, actual text)
  where n.name <> '' and n.actual is not null
    and not exists (
      select from pg_attribute as a
      where a.attrelid = to_regclass(v_tables ->> n.source) and a.attname = n.actual and a.attnum > 0 and not a.attisdropped
    );
  if v_problem is not null then
    raise exception using errcode = 'undefined_column', message = v_problem, hint = v_hint;
  end if;

  select string_agg(format('%s and %s are both %I', n.names[1], n.names[2], n.actual), '; ')
  into v_problem
  from (
    select c.actual, array_agg(c.name order by c.ordinal) as names
    from jsonb_to_recordset(v_rows) as c (source text, name text, ordinal integer, actual text)
    where c.name <> '' and c.actual is not null and not (c.name = 'id' and c.source = 'vessel_positions')
    group by c.source, c.actual
  ) as n
  where cardinality(n.names) > 1 and n.names <> '{id,mmsi}';
  if v_problem is not null then
    raise exception using
      errcode = 'duplicate_column',
      message = v_problem,
      hint = 'Give each name a column of its own; only id and mmsi may be the same. Nothing was changed.';
  end if;

  select
    string_agg(format('%s.%I is %s, expected %s', n.actual_table, n.actual, n.is, n.expected), '; ' order by n.ordinal)
  into v_problem
  from (
    select v_tables ->> c.source as actual_table, c.actual, c.ordinal, format_type(a.atttypid, a.atttypmod) as is,
      case when c.factor is not null then 'a numeric or float type, since it is converted' else k ->> 3 end as expected,
      y.typname, case when c.factor is not null then 'numeric,float4,float8,int2,int4,int8' else k ->> 2 end as types
    from jsonb_to_recordset(v_rows) as c (source text, name text, ordinal integer, actual text, factor numeric)
      join jsonb_array_elements(v_known) as k on k ->> 0 = c.source and k ->> 1 = c.name
    join pg_attribute as a on a.attrelid = to_regclass(v_tables ->> c.source) and a.attname = c.actual
    join pg_type as y on y.oid = a.atttypid
  ) as n
  where n.types <> '' and n.typname <> all (string_to_array(n.types, ','));
  if v_problem is not null then
    raise exception using
      errcode = 'datatype_mismatch',
      message = v_problem,
      hint = 'Change the type of the column, name another column with --map, or name a view that casts the column in the place of the table. ' || v_unchanged;
  end if;

  -- PostgreSQL 18 has virtual generated columns.
  select string_agg(format('%s.%I is a virtual generated column, which PostgreSQL can''t index', v_tables ->> c.source, a.attname), '; ' order by a.attnum)
  into v_problem
  from jsonb_to_recordset(v_rows) as c (source text, name text, actual text)
  join pg_attribute as a on a.attrelid = to_regclass(v_tables ->> c.source) and a.attname = c.actual and a.attgenerated = 'v'
  where c.name in ('vesselId', 'timestamp');
  if v_problem is not null then
    raise exception using
      errcode = 'feature_not_supported',
      message = v_problem,
      hint = 'Make the column a stored generated column (generated always as (...) stored) or an ordinary one. ' || v_unchanged;
  end if;

  -- The ids must be comparable.
  for v_column in
    select
      max(format('%s.%I', v_tables ->> c.source, c.actual)) filter (where c.name = 'id') as id,
      max(format_type(a.atttypid, a.atttypmod)) filter (where c.name = 'id') as id_type,
      max(format('%s.%I', v_tables ->> c.source, c.actual)) filter (where c.name = 'vesselId') as vessel_id,
      max(format_type(a.atttypid, a.atttypmod)) filter (where c.name = 'vesselId') as vessel_id_type
    from jsonb_to_recordset(v_rows) as c (source text, name text, actual text)
      join pg_attribute as a on a.attrelid = to_regclass(v_tables ->> c.source) and a.attname = c.actual
    where (c.source, c.name) in (('vessels', 'id'), ('vessel_positions', 'vesselId'))
  loop
    begin
      execute format('select null::%s = null::%s', v_column.id_type, v_column.vessel_id_type);
    exception when undefined_function then
      raise exception using
        errcode = 'datatype_mismatch',
        message = format('%s is %s and %s is %s; these types can''t be compared', v_column.id, v_column.id_type, v_column.vessel_id, v_column.vessel_id_type),
        hint = 'Name the column of vessels that positions refer to, as in --map ''id=mmsi''. Or change the type of one of the columns. ' || v_unchanged;
    end;
  end loop;

  -- Only the owner of a table or partition can make triggers and indexes on it: see 0001.sources.
  select count(*) = 2
  into v_is_indexed
  from (values ('{timestamp}'::text[]), ('{vesselId,timestamp}')) as w (names)
  where exists (
    select from pg_index as i
    where i.indrelid = to_regclass(v_tables ->> 'vessel_positions') and i.indisvalid and i.indpred is null
      and (
        select array_agg(c.actual order by x.ordinal)
        from unnest(w.names) with ordinality as x (name, ordinal)
        join jsonb_to_recordset(v_rows) as c (source text, name text, actual text) on c.source = 'vessel_positions' and c.name = x.name
      ) = (
        select array_agg(a.attname::text order by k.ordinal)
        from unnest(i.indkey) with ordinality as k (attnum, ordinal)
        join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where k.ordinal <= cardinality(w.names)
      )
  );
  if not v_is_indexed then
    with recursive source (relation) as (
      select to_regclass(t.name)::oid from jsonb_each_text(v_tables) as t (source, name)
      union
      select i.inhrelid from source as s join pg_inherits as i on i.inhparent = s.relation
    )
    select string_agg(case
        when pg_has_role(c.relowner, 'usage') then format('permission denied to create in schema %I', n.nspname)
        else format('must be owner of %I.%I, which belongs to %s', n.nspname, c.relname, pg_get_userbyid(c.relowner))
      end, '; ' order by c.oid)
    into v_problem
    from source as s
    join pg_class as c on c.oid = s.relation
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and not (pg_has_role(c.relowner, 'usage')
        and (c.oid = to_regclass(v_tables ->> 'vessels') or has_schema_privilege(n.oid, 'create')));
    if v_problem is not null then
      raise exception using
        errcode = 'insufficient_privilege',
        message = v_problem,
        hint = format('Run vessel-activity migrate as the owner of the tables instead of %I. The owner needs the right to create in the schema of the positions, for two indexes. Nothing was changed.', current_user);
    end if;
  end if;
  perform set_config('search_path', v_path, true);
end
$$;
