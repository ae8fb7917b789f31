-- A page of a list of vessels, for a combining database: as of the last refresh, as in vessels_json.
-- Raises object_not_in_prerequisite_state (55000) if this database does not have the area as it is, and the errors of vessels_page.
create or replace function vessel_activity.member_vessels(
  p_asked json,
  p_type text,
  p_flag text,
  p_window text,
  p_state text,
  p_box double precision[],
  p_sort text,
  p_order text,
  p_after text[],
  p_limit integer
)
returns json
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_instant constant record := vessel_activity.listed_instant();
  v_area integer;
begin
  if p_asked is not null then
    select a.id into v_area
    from vessel_activity.area_asker as k
    join vessel_activity.asked_area as a on a.combiner = k.combiner and a.number = (p_asked ->> 'number')::integer
    where k.combiner = p_asked ->> 'combiner' and k.key = p_asked ->> 'key';
    if v_area is null then
      raise exception using
        errcode = 'object_not_in_prerequisite_state',
        message = 'this member does not have the area yet',
        hint = 'Wait for the next document: the refresh that writes it sends the areas.';
    end if;
  end if;
  return vessel_activity.vessels_page(
    v_instant.as_of, v_instant.from_state, p_type, p_flag, p_window, p_state, p_box, v_area, p_sort, p_order, p_after, p_limit);
end
$$;

comment on function vessel_activity.member_vessels(json, text, text, text, text, double precision[], text, text, text[], integer) is
  'Tells a combining database a page of a list of vessels: see vessel_activity.vessels_page(). p_asked: combiner, key (see vessel_activity.areas_key()) and number of one of its areas, in which the vessels must lie; NULL for all.';
