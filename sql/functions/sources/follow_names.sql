-- Makes the functions read the source tables under the names that a migrate was given. Those are kept in
-- vessel_activity_migrations.source_name (sql/install/find_names.sql). With the usual names the functions stay as they are in
-- their files.
-- A migrate calls it in the transaction that has installed the functions anew. Triggers that an earlier migrate made on other
-- tables are gone by then: they would read columns that these tables do not have.
create or replace function vessel_activity.follow_names()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass('vessel_activity_migrations.source_name') is null
    or not exists (select from vessel_activity_migrations.source_name)
  then
    return;
  end if;

  perform vessel_activity.run_ddl(format(
    'create or replace function vessel_activity.actual_table(p_source text) returns text language sql immutable parallel safe '
    'return case p_source when ''vessels'' then %L when ''vessel_positions'' then %L end',
    (select n.actual from vessel_activity_migrations.source_name as n where n.source = 'vessels' and n.name = ''),
    (select n.actual from vessel_activity_migrations.source_name as n where n.source = 'vessel_positions' and n.name = '')));
  perform vessel_activity.run_ddl(format(
    'create or replace function vessel_activity.actual_column(p_source text, p_name text) returns name language sql immutable parallel safe '
    'return (case p_source || ''.'' || p_name %s end)::pg_catalog.name',
    (select string_agg(format('when %L then %L', n.source || '.' || n.name, n.actual), ' ' order by n.source, n.name)
      from vessel_activity_migrations.source_name as n where n.name <> '')));
  perform vessel_activity.run_ddl(format(
    'create or replace function vessel_activity.actual_factor(p_source text, p_name text) returns numeric language sql immutable parallel safe '
    'return case p_source || ''.'' || p_name %s when '''' then null::pg_catalog.numeric end',
    (select string_agg(format('when %L then %s', n.source || '.' || n.name, n.factor), ' ' order by n.source, n.name)
      from vessel_activity_migrations.source_name as n where n.factor is not null)));
  perform vessel_activity.run_ddl(format(
    'create or replace function vessel_activity.actual_columns() returns name[] language sql immutable parallel safe return %L::pg_catalog.name[]',
    array(
      select distinct n.actual from vessel_activity_migrations.source_name as n
      where n.name in ('vesselId', 'timestamp', 'speed', 'latitude', 'longitude', 'vesselType', 'flag', 'active') and n.actual is not null
      order by 1
    )));
  perform vessel_activity.run_ddl(format(
    'create or replace function vessel_activity.actual_map() returns text language sql immutable parallel safe return %L::pg_catalog.text',
    coalesce(
      (select string_agg(n.written, ',' order by n.source desc, n.ordinal) from vessel_activity_migrations.source_name as n where n.written is not null),
      '')));

  perform vessel_activity.rewrite_functions();
end
$$;

comment on function vessel_activity.follow_names() is
  'Makes the functions read the source tables under the names that the migrate was given. Does nothing if these are the usual ones.';
