-- Writes the document vessel_activity.activity if it is due. The row of the figures must not depend on it: an error is caught,
-- returned and logged, and the document stays as it is.
-- The caller holds the refresh lock.
create or replace function vessel_activity.try_details(
  p_as_of timestamptz,
  p_from_state boolean,
  p_settings vessel_activity.settings,
  p_anyway boolean,
  p_definition json,
  p_asked json,
  out duration_ms numeric,
  out error text,
  out verification json
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_started_at constant timestamptz := clock_timestamp();
  v_own_areas vessel_activity.area_figures[];
begin
  if not p_anyway and not vessel_activity.document_is_due(p_as_of, p_settings) then
    return;
  end if;
  begin
    v_own_areas := vessel_activity.refresh_details(p_as_of, p_from_state, p_asked);
    verification := vessel_activity.verify_places(p_as_of, p_definition, v_own_areas);
    if not (verification ->> 'equal')::boolean then
      perform vessel_activity.refresh_details(p_as_of, p_from_state, p_asked); -- with what is repaired
    end if;
  exception when others then
    error := format('%s: %s', sqlstate, sqlerrm);
    raise warning using
      message = format('the document of vessel_activity.activity could not be written: %s', sqlerrm),
      hint = 'The row of the figures is not affected. Run select * from public.vessel_activity_status().';
  end;
  duration_ms := extract(epoch from clock_timestamp() - v_started_at) * 1000;
end
$$;

comment on function vessel_activity.try_details(timestamptz, boolean, vessel_activity.settings, boolean, json, json) is
  'Writes the document of vessel_activity.activity as of p_as_of if settings.detail_interval has passed, or p_anyway. p_definition: places_definition() of the same instant, to verify what is kept, or NULL. p_asked: what members were asked of areas, or NULL. p_from_state: from the state, not by the definition. duration_ms: NULL if it was not due. error: SQLSTATE and message if it failed. verification: of verify_places().';
