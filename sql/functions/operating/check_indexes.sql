-- The definition of the figures reads the source table of positions through two indexes. Without them it scans the whole table.
create or replace function vessel_activity.check_indexes()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_purpose text;
  v_kind text;
  v_virtual name;
  v_columns text;
begin
  -- Views and foreign tables can have no index. The table behind them needs one.
  select case c.relkind when 'v' then 'view' when 'f' then 'foreign table' when 'm' then 'materialized view' end into v_kind
  from pg_class as c where c.oid = to_regclass(vessel_activity.actual_table('vessel_positions'));
  foreach v_purpose in array array['time', 'vessel'] loop
    check_name := format('index (%s)', case v_purpose when 'time' then 'timestamp' else 'vesselId, timestamp' end);
    v_columns := case when v_purpose = 'vessel' then quote_ident(vessel_activity.actual_column('vessel_positions', 'vesselId')) || ', ' else '' end
      || quote_ident(vessel_activity.actual_column('vessel_positions', 'timestamp'));
    select format('index %s can be used', s.index_oid::regclass) into detail
    from vessel_activity.source_indexes() as s where s.purpose = v_purpose;
    select min(v.column_name) into v_virtual
    from vessel_activity.virtual_columns() as v
    where v.source = 'vessel_positions' and (v.column_name = 'timestamp' or v.column_name = 'vesselId' and v_purpose = 'vessel');
    state := 'ok';
    hint := null;
    if to_regclass(vessel_activity.actual_table('vessel_positions')) is null then
      state := 'fail';
      detail := vessel_activity.actual_table('vessel_positions') || ' does not exist';
      hint := 'See the check source tables.';
    elsif v_virtual is not null then
      state := 'fail';
      detail := format('%s.%I is a virtual generated column, which PostgreSQL can''t index; computing the figures is slow',
        vessel_activity.actual_table('vessel_positions'), vessel_activity.actual_column('vessel_positions', v_virtual));
      hint := 'Make the column a stored generated column or an ordinary one. Then run vessel-activity migrate.';
    elsif detail is null and v_kind is null then
      state := 'fail';
      detail := vessel_activity.actual_table('vessel_positions') || ' has no valid index that begins with these columns; computing the figures is slow';
      hint := 'Run vessel-activity migrate, which builds the index without blocking writers.';
    elsif detail is null then
      state := 'warn';
      detail := format('%s is a %s, %s', vessel_activity.actual_table('vessel_positions'), v_kind,
        case when v_kind = 'materialized view' then 'on which vessel-activity migrate builds no index' else 'which can have no index' end);
      hint := format('Make sure that there is an index on (%s) of the %s.', v_columns,
        case v_kind when 'materialized view' then v_kind else 'table behind the ' || v_kind end);
    end if;
    return next;
  end loop;
end
$$;

comment on function vessel_activity.check_indexes() is
  'Whether the source table of positions has the two indexes that the figures need, in one row for each, like those of public.vessel_activity_status().';
