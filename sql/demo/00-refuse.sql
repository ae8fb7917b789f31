-- Refuses a database that is not for the demo: simulated vessels are not mixed with real ones, and the demo can only fill
-- tables with ids of certain types. Changes nothing. It runs before the migrations, and again in the transaction that
-- installs the fleet.
-- Raises datatype_mismatch (42804) if the demo can't fill the tables, and object_not_in_prerequisite_state (55000) if the
-- database holds real vessels or positions, or if the source tables have other names than the usual ones.
do $$
declare
  v_problem text;
  v_has_simulated boolean := false;
  v_tables text;
begin
  if to_regclass('vessel_activity_migrations.source_name') is not null then
    execute 'select string_agg(n.actual, '' and '' order by n.source desc) from vessel_activity_migrations.source_name as n where n.name = '''''
    into v_tables;
  end if;
  if v_tables is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = pg_catalog.format('vessel activity reads other tables in this database: %s; the simulated fleet is not mixed with them', v_tables),
      hint = 'Give the demo a database of its own: an empty one (DATABASE_URL), or an embedded one (without DATABASE_URL; VESSEL_ACTIVITY_DATA_DIR names its folder). Nothing was changed.';
  end if;

  select pg_catalog.string_agg(pg_catalog.format('%s.%I %s', c.relation, c.attribute,
      case
        when a.attnum is null then 'does not exist'
        when c.is_number and not a.atttypid = any ('{int4,int8}'::regtype[])
          then 'is ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
        else 'has no default'
      end), '; ' order by c.ordinal)
  into v_problem
  from (values
    (1, 'public.vessels', 'id', true, true), (2, 'public.vessels', 'name', false, false),
    (3, 'public.vessel_positions', 'id', true, true), (4, 'public.vessel_positions', 'vesselId', true, false)
  ) as c (ordinal, relation, attribute, is_number, numbers_itself)
  left join pg_catalog.pg_attribute as a
    on a.attrelid = to_regclass(c.relation) and a.attname = c.attribute and not a.attisdropped
  where to_regclass(c.relation) is not null
    and (a.attnum is null
      or c.is_number and not a.atttypid = any ('{int4,int8}'::regtype[])
      or c.numbers_itself and not a.atthasdef and a.attidentity = '');
  if v_problem is not null then
    raise exception using
      errcode = 'datatype_mismatch',
      message = 'the simulated fleet does not fit these tables: ' || v_problem,
      hint = 'Give the demo a database of its own: an empty one (DATABASE_URL), or an embedded one (without DATABASE_URL; VESSEL_ACTIVITY_DATA_DIR names its folder). The demo needs integer or bigint ids with a default, as vessel-activity migrate creates them. Nothing was changed.';
  end if;

  -- One statement for each table: a statement that names a missing table can't be planned.
  if to_regclass('public.vessels') is not null then
    v_has_simulated := exists (select from public.vessels as v where v.name like 'SIM %');
    if exists (select from public.vessels as v where v.name is null or v.name not like 'SIM %') then
      v_problem := 'vessels';
    end if;
  end if;
  if v_problem is null and not v_has_simulated and to_regclass('public.vessel_positions') is not null then
    if exists (select from public.vessel_positions) then
      v_problem := 'positions';
    end if;
  end if;
  if v_problem is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = pg_catalog.format('this database holds real %s; simulated ones are not mixed with them', v_problem),
      hint = 'Give the demo a database of its own: an empty one (DATABASE_URL), or an embedded one (without DATABASE_URL; VESSEL_ACTIVITY_DATA_DIR names its folder). Nothing was changed.';
  end if;
end
$$;
