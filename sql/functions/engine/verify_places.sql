-- Compares the figures of areas and the dark cells, as the refresh as of p_as_of has kept them, with their definitions. Types are
-- not compared: nothing is kept of them, and a vessel may have got another one since the definition was read.
-- Nothing is told of areas if they have changed since then, or if positions from before "since" have come since then: they may
-- have been seen by one side alone.
-- Members verify what they count for a combining database, with their own verifications.
-- A difference is repaired: what is kept is computed anew from the shapes and the samples.
create or replace function vessel_activity.verify_places(
  p_as_of timestamptz, p_definition json, p_own vessel_activity.area_figures[]
)
returns json
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_since constant timestamptz := p_definition ->> 'since';
  v_areas text := p_definition ->> 'areas';
  v_cells text;
begin
  if p_definition is null then
    return null;
  end if;
  if (select r.revision from vessel_activity.area_revision as r)::text = p_definition ->> 'revision'
    and not exists (select from unnest(p_own) as f where (f.as_of, f.since) is distinct from (p_as_of, v_since))
    and not exists (select from vessel_activity.inbox as i where vessel_activity.utc_instant(i.seen_at) <= v_since)
  then
    v_areas := vessel_activity.areas_digest(p_own);
  end if;
  v_cells := (
    select vessel_activity.cells_digest(array_agg(c.cell), array_agg(c.vessels), array_agg(c.usual))
    from vessel_activity.dark_cells(p_as_of) as c);
  if v_areas <> p_definition ->> 'areas' then
    perform vessel_activity.put_area(a.name, a.shape) from public.vessel_activity_area as a;
    perform vessel_activity.cover_area(k.id, vessel_activity.checked_shape(k.number::text, k.shape)) from vessel_activity.asked_area as k;
    update vessel_activity.area_revision as r set revision = r.revision + 1;
  end if;
  if v_cells <> p_definition ->> 'dark_cells' then
    delete from vessel_activity.cell_usual;
  end if;
  return json_build_object(
    'state', json_build_object('areas', v_areas, 'dark_cells', v_cells),
    'definition', json_build_object('areas', p_definition ->> 'areas', 'dark_cells', p_definition ->> 'dark_cells'),
    'equal', v_areas = p_definition ->> 'areas' and v_cells = p_definition ->> 'dark_cells');
end
$$;

comment on function vessel_activity.verify_places(timestamptz, json, vessel_activity.area_figures[]) is
  'Compares what the refresh as of p_as_of has kept of areas and dark cells with p_definition, which places_definition() gives: state, definition and equal. p_own: the figures of areas of this database alone, which refresh_details() has returned. A difference is repaired.';
