-- Refuses source tables whose columns can't hold the values of AIS files, before the first row is loaded. The length of
-- names does not matter: file_vessels() cuts names to that of the column.
-- Raises datatype_mismatch (42804), naming the columns.
create or replace function vessel_activity.load_check_columns()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text;
begin
  select string_agg(format('%s.%I is %s, which can''t hold %s', vessel_activity.actual_table(n.source), a.attname, format_type(a.atttypid, a.atttypmod), n.what), '; ' order by n.ordinal)
  into v_problem
  from (values
    (1, 'vessels', 'mmsi', 'SN', 9, 'nine digits'),
    (2, 'vessels', 'name', 'S', 1, 'a text'),
    (3, 'vessels', 'vesselType', 'S', (select max(length(t.name)) from vessel_activity.ship_type as t), 'a text such as Search and Rescue'),
    (4, 'vessels', 'flag', 'S', 2, 'a text such as NO'),
    (5, 'vessel_positions', 'latitude', 'N', 2, 'degrees from -90 to 90'),
    (6, 'vessel_positions', 'longitude', 'N', 3, 'degrees from -180 to 180'),
    (7, 'vessel_positions', 'speed', 'N', 3, 'knots up to 102.2'),
    (8, 'vessel_positions', 'course', 'N', 3, 'degrees up to 360')
  ) as n (ordinal, source, name, categories, size, what)
  join pg_attribute as a
    on a.attrelid = to_regclass(vessel_activity.actual_table(n.source)) and a.attname = vessel_activity.actual_column(n.source, n.name)
  join pg_type as t on t.oid = a.atttypid
  -- Characters of a text, or digits of a number before its point; NULL if there is no limit.
  cross join lateral (
    select case
      when a.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and a.atttypmod > -1 then a.atttypmod - 4
      when a.atttypid = 'numeric'::regtype and a.atttypmod > -1 then
        ((a.atttypmod - 4) >> 16 & 65535) - (((a.atttypmod - 4) & 2047 # 1024) - 1024)
      when a.atttypid = 'int2'::regtype then 4
    end as size
  ) as has
  -- Tenths have a digit more than knots.
  where position(t.typcategory in n.categories) = 0 or has.size < n.size - floor(log(coalesce(vessel_activity.actual_factor(n.source, n.name), 1)));
  if v_problem is not null then
    raise exception using
      errcode = 'datatype_mismatch',
      message = v_problem,
      hint = 'Change the type of the column, for example: alter table ... alter column ... type text (or double precision). Nothing was loaded.';
  end if;
end
$$;

comment on function vessel_activity.load_check_columns() is
  'Raises datatype_mismatch if a column of the source tables can''t hold the values of AIS files.';
