-- Where the id of a new row comes from in an adopted table: its own default, or a random UUID for text and uuid.
-- Callers put their INSERT together by it: one that casts a UUID to bigint can't be planned even where it is not run.
-- Also the place where a table that can't take our rows is refused, before the first of them.
-- Called by load_start, load_vessels, load_positions and replay_step.
-- Raises not_null_violation (23502), naming the column; undefined_table (42P01); wrong_object_type (42809).
create or replace function vessel_activity.load_id_source(p_table regclass, p_filled name[])
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_columns text;
  v_has_default boolean;
  v_type text;
begin
  if p_table is null then
    raise exception using
      errcode = 'undefined_table',
      message = 'a source table does not exist',
      hint = 'Run `make migrate` first.';
  end if;

  select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
  into v_columns
  from pg_attribute as a
  where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped
    and a.attnotnull and not a.atthasdef and a.attidentity = '' and a.attname <> all (p_filled || 'id'::name);
  if v_columns is not null then
    raise exception using
      errcode = 'not_null_violation',
      message = format('%s needs a value in %s, which AIS files do not give', p_table, v_columns),
      hint = format('Give it a default, such as: alter table %s alter column … set default …', p_table);
  end if;

  select a.atthasdef or a.attidentity <> '', t.typname
  into v_has_default, v_type
  from pg_attribute as a
  join pg_type as t on t.oid = a.atttypid
  where a.attrelid = p_table and a.attname = 'id' and not a.attisdropped;
  if v_has_default then
    return 'default';
  elsif v_type in ('text', 'varchar', 'uuid') then
    return 'uuid';
  end if;
  raise exception using
    errcode = 'not_null_violation',
    message = format('%s.id (%s) has no default, so new rows can''t be numbered', p_table, v_type),
    hint = format('Give it one, such as: create sequence …; alter table %s alter column id set default nextval(''…'')', p_table);
end
$$;

comment on function vessel_activity.load_id_source(regclass, name[]) is
  'default where the table numbers new rows itself, uuid where a random UUID does; raises where the table can''t take rows that fill only p_filled.';
