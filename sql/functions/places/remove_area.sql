-- Removes an area. Samples of its past go with it.
-- Locks: the row of area_revision, until the transaction ends, as put_area() does.
-- Raises undefined_object (42704) if there is no such area.
create or replace function vessel_activity.remove_area(p_name text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_area integer;
begin
  update vessel_activity.area_revision as r set revision = r.revision + 1;
  select a.id into v_area from public.vessel_activity_area as a where a.name = btrim(p_name);
  if v_area is null then
    raise exception using
      errcode = 'undefined_object', message = format('there is no area named %s', coalesce(quote_literal(p_name), 'NULL')),
      hint = 'See the names: select name from public.vessel_activity_area.';
  end if;
  perform vessel_activity.uncover_area(v_area);
  delete from public.vessel_activity_area as a where a.id = v_area;
end
$$;

comment on function vessel_activity.remove_area(text) is
  'Removes the area of that name, and the samples of its past.';
