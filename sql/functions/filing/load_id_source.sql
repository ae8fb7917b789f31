-- What an INSERT into a source table needs for its column id: nothing if the column has a default or is filled anyway, because the
-- MMSI is the id; else a random UUID.
-- The result is text that goes into the INSERT, because an INSERT of a UUID into a bigint column can't even be planned.
-- Also refuses a table that can't take the rows of AIS files, before the first row is loaded.
-- Raises not_null_violation (23502), naming the column, and undefined_table (42P01).
create or replace function vessel_activity.load_id_source(
  p_source text,
  out id_column text,
  out id_value text
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table constant regclass := to_regclass(vessel_activity.actual_table(p_source));
  v_filled constant name[] := array(
    select vessel_activity.actual_column(k.source, k.name)
    from (values
      ('vessels', 'id'), ('vessels', 'mmsi'), ('vessels', 'name'), ('vessels', 'vesselType'), ('vessels', 'flag'), ('vessels', 'active'),
      ('vessel_positions', 'id'), ('vessel_positions', 'vesselId'), ('vessel_positions', 'timestamp'), ('vessel_positions', 'latitude'),
      ('vessel_positions', 'longitude'), ('vessel_positions', 'speed'), ('vessel_positions', 'course')
    ) as k (source, name)
    where k.source = p_source and vessel_activity.actual_column(k.source, k.name) is not null
  );
  v_id constant name := vessel_activity.actual_column(p_source, 'id');
  v_columns text;
  v_has_default boolean;
  v_type text;
begin
  if v_table is null then
    raise exception using
      errcode = 'undefined_table',
      message = vessel_activity.actual_table(p_source) || ' does not exist',
      hint = 'Run vessel-activity migrate first.';
  end if;

  select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
  into v_columns
  from pg_attribute as a
  where a.attrelid = v_table and a.attnum > 0 and not a.attisdropped
    and a.attnotnull and not a.atthasdef and a.attidentity = '' and a.attname <> all (v_filled);
  if v_columns is not null then
    raise exception using
      errcode = 'not_null_violation',
      message = format('%s needs a value in %s, which AIS files do not contain', v_table, v_columns),
      hint = format('Give the column a default, for example: alter table %s alter column ... set default ...', v_table);
  end if;

  select a.atthasdef or a.attidentity <> '', t.typname
  into v_has_default, v_type
  from pg_attribute as a
  join pg_type as t on t.oid = a.atttypid
  where a.attrelid = v_table and a.attname = v_id and not a.attisdropped;
  if v_has_default or v_id is null or p_source = 'vessels' and v_id = vessel_activity.actual_column('vessels', 'mmsi') then
    id_column := '';
    id_value := '';
    return;
  elsif v_type in ('text', 'varchar', 'uuid') then
    id_column := format('%I, ', v_id);
    id_value := 'gen_random_uuid(), ';
    return;
  end if;
  raise exception using
    errcode = 'not_null_violation',
    message = format('%s.%I (%s) has no default, so new rows can''t be numbered', v_table, v_id, v_type),
    hint = format('Give the column a default, for example: create sequence ...; alter table %s alter column %I set default nextval(''...'')', v_table, v_id);
end
$$;

comment on function vessel_activity.load_id_source(text) is
  'What goes before the other columns (id_column) and the other values (id_value) of an INSERT into a source table. Both are empty if the table numbers its rows itself, or if the MMSI is the id; else they add a random UUID as id. p_source: vessels or vessel_positions. Raises not_null_violation if the table can''t take rows from AIS files.';
