-- Whether public.vessel_positions has the two indexes that the figures are read through.
create or replace function vessel_activity.check_indexes()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_purpose text;
  v_kind text;
begin
  -- What can carry no index serves as well as what it stands for.
  select case c.relkind when 'v' then 'view' when 'f' then 'foreign table' when 'm' then 'materialized view' end into v_kind
  from pg_class as c where c.oid = 'public.vessel_positions'::regclass;
  foreach v_purpose in array array['time', 'vessel'] loop
    check_name := format('index (%s)', case v_purpose when 'time' then 'timestamp' else 'vesselId, timestamp' end);
    select format('%s serves', s.index_oid::regclass) into detail
    from vessel_activity.source_indexes() as s where s.purpose = v_purpose;
    state := 'ok';
    hint := null;
    if detail is null and v_kind is null then
      state := 'fail';
      detail := 'public.vessel_positions has no valid index that begins so: the figures are slow';
      hint := 'make migrate builds it without blocking writers.';
    elsif detail is null then
      state := 'warn';
      detail := format('public.vessel_positions is a %s, for which make migrate builds no index%s', v_kind,
        case when v_kind <> 'materialized view' then ': it can carry none' end);
      hint := format('Have an index on (%s) on %s.', case v_purpose when 'time' then '"timestamp"' else '"vesselId", "timestamp"' end,
        case v_kind when 'materialized view' then 'it' else 'the table behind it' end);
    end if;
    return next;
  end loop;
end
$$;

comment on function vessel_activity.check_indexes() is
  'Whether public.vessel_positions has the two indexes that the figures need: one row an index.';
